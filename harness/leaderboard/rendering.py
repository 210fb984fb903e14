"""Leaderboards in every format of the command line, and live on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from harness.leaderboard.board import Leaderboard
from harness.leaderboard.display import display_table, wide_table
from harness.leaderboard.document import leaderboard_json
from harness.table import FittedTable, Format, render


def render_leaderboard(
    board: Leaderboard,
    format: Format,  # noqa: A002 - the word of the command line
    *,
    metrics: Sequence[str] | None = None,
) -> str:
    """The board as text, ended by a newline.

    `metrics` chooses the columns of the formats for people; `csv` and `json` hold all there is.
    """
    if format == "json":
        return leaderboard_json(board)
    if format == "csv":
        return render(wide_table(board), "csv")
    return render(display_table(board, metrics), format)


def leaderboard_renderable(board: Leaderboard, metrics: Sequence[str] | None = None) -> FittedTable:
    """The board for rich's Console or Live; columns without room are left out and named."""
    return FittedTable(display_table(board, metrics))
