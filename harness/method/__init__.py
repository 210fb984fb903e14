"""What plugin authors import. Importing this package does not import torch."""

from harness.method.method import COMPOSITIONS, LABELS, SETTINGS, Composition, Method, loss_method
from harness.method.space import Choice, Float, Int, Range, Value

__all__ = [
    "COMPOSITIONS",
    "LABELS",
    "SETTINGS",
    "Choice",
    "Composition",
    "Float",
    "Int",
    "Method",
    "Range",
    "Value",
    "loss_method",
]
