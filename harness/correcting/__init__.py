"""Texts and clusters that users correct, turn by turn: what their work is worth.

docs/user-corrected.md defines the experiment.
"""

from harness.correcting.experiment import CONTROLS, Corrected, correct
from harness.correcting.results import METRICS, correcting_document, correcting_table
from harness.correcting.user import RULES, Terms, User

__all__ = [
    "CONTROLS",
    "METRICS",
    "RULES",
    "Corrected",
    "Terms",
    "User",
    "correct",
    "correcting_document",
    "correcting_table",
]
