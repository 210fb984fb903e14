"""`bench leaderboard`: the recorded runs of one protocol and dataset, aggregated."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    ConcatenatedOption,
    Format,
    FormatOption,
    OnlyOption,
    SourceArgument,
    StoredDatasetOption,
    StoredProtocolOption,
    StoreOption,
    aggregate,
)
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from harness.results import Board


def leaderboard(  # noqa: PLR0913 - one argument an option
    source: SourceArgument = None,
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol: StoredProtocolOption = None,
    dataset: StoredDatasetOption = None,
    only: OnlyOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
    concatenated: ConcatenatedOption = False,
    metrics: Annotated[
        str | None,
        typer.Option(help="Columns to show, separated by commas.", show_default=False),
    ] = None,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Show earlier versions of methods too.")
    ] = False,
) -> None:
    """Show mean and 95 % interval of every method over its replicates, and what it cost."""
    from harness.results import Selector, load_board

    board = load_board(
        source or store,
        select=Selector.parse(protocol=protocol, dataset=dataset, only=only or ()),
        aggregate=aggregate(concatenated=concatenated),
        all_versions=all_versions,
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
