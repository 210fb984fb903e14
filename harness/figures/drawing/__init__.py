"""Plots for papers, by matplotlib: what the report draws, as vector or pixel files."""

from harness.figures.drawing.catalogue import FIGURES, FORMATS, Wish, draw, figure_names
from harness.figures.drawing.saving import as_file

__all__ = ["FIGURES", "FORMATS", "Wish", "as_file", "draw", "figure_names"]
