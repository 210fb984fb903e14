"""Background variables: how much of each an embedding carries, and how much each disturbs it.

docs/variables.md defines the measures. Nothing here knows torch.
"""

from harness.variables.loading import Wanted, saliency
from harness.variables.measuring import MEASURES, Embedded, Variable
from harness.variables.results import Saliency, SaliencyRow, saliency_document, saliency_table

__all__ = [
    "MEASURES",
    "Embedded",
    "Saliency",
    "SaliencyRow",
    "Variable",
    "Wanted",
    "saliency",
    "saliency_document",
    "saliency_table",
]
