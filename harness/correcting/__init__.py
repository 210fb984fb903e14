"""Texts and clusters that users correct, turn by turn: what their work is worth.

docs/user-corrected.md defines the experiment.
"""

from harness.correcting.document import correcting_document, read_corrected
from harness.correcting.experiment import CONTROLS, Corrected, correct
from harness.correcting.results import METRICS, correcting_table
from harness.correcting.user import User

__all__ = [
    "CONTROLS",
    "METRICS",
    "Corrected",
    "User",
    "correct",
    "correcting_document",
    "correcting_table",
    "read_corrected",
]
