"""Boards: the Records of one protocol and dataset, aggregated. Nothing here knows torch."""

from harness.results.board import Aggregate, Board, Cost, Failure, Row, Runs
from harness.results.building import build_board
from harness.results.display import (
    board_document,
    board_renderable,
    display_table,
    interval_text,
    render_board,
)
from harness.results.reading import Selector, load_board, open_source

__all__ = [
    "Aggregate",
    "Board",
    "Cost",
    "Failure",
    "Row",
    "Runs",
    "Selector",
    "board_document",
    "board_renderable",
    "build_board",
    "display_table",
    "interval_text",
    "load_board",
    "open_source",
    "render_board",
]
