"""Rows of plain data as text: for a terminal, Markdown, CSV, JSON or LaTeX."""

from harness.table.formats import FORMATS, Format, render, to_html
from harness.table.model import Cell, Column, Table, duration
from harness.table.terminal import FittedTable, to_text

__all__ = [
    "FORMATS",
    "Cell",
    "Column",
    "FittedTable",
    "Format",
    "Table",
    "duration",
    "render",
    "to_html",
    "to_text",
]
