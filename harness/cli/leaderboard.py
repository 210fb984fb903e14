"""`bench leaderboard`: the recorded runs of one protocol and dataset, aggregated."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    Format,
    FormatOption,
    ScoredBoardOptions,
    grouped,
)

if TYPE_CHECKING:
    from harness.results import Board


@grouped
def leaderboard(
    of: ScoredBoardOptions,
    *,
    format: FormatOption = "table",  # noqa: A002 - named as its option
    metrics: Annotated[
        str | None,
        typer.Option(help="Columns to show, separated by commas.", show_default=False),
    ] = None,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Show earlier versions of methods too.")
    ] = False,
) -> None:
    """Show mean and 95 % interval of every method over its replicates, and what it cost."""
    from harness.results import load_board

    with of.open() as source:
        board = load_board(
            source, select=of.select, aggregate=of.aggregate, all_versions=all_versions
        )
    names = [name.strip() for name in metrics.split(",")] if metrics else None
    _print(board, format, names)


def _print(board: Board, format: Format, metrics: list[str] | None) -> None:  # noqa: A002
    from harness.results import board_renderable, render_board

    if format == "table" and sys.stdout.isatty():
        from rich.console import Console

        Console().print(board_renderable(board, metrics))
        return
    typer.echo(render_board(board, format, metrics=metrics), nl=False)
    if format == "csv":
        for note in board.notes:
            typer.echo(note, err=True)
