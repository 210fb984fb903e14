"""Plots for papers, by matplotlib: what the report draws, as vector or pixel files."""

from harness.figures.drawing.catalogue import FIGURES, FORMATS, Wish, as_file, draw, figure_names

__all__ = ["FIGURES", "FORMATS", "Wish", "as_file", "draw", "figure_names"]
