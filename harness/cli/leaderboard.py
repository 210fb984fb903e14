"""`bench leaderboard`: the recorded runs of one protocol and dataset, aggregated."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from harness.leaderboard import Leaderboard

Format = Literal["table", "md", "csv", "json", "latex"]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write it.")]
StoreOption = Annotated[
    Path, typer.Option("--store", envvar="BENCH_STORE", help="Directory that keeps the records.")
]
DEFAULT_STORE = Path("bench-store")


def leaderboard(  # noqa: PLR0913 - one argument an option
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol: Annotated[
        str | None,
        typer.Option(help="Name or digest; by default what was run last.", show_default=False),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="By default what was run last.", show_default=False)
    ] = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
    concatenated: Annotated[
        bool,
        typer.Option(
            "--concatenated/--separated",
            help="Score the joined embeddings of all folds, or each fold alone and average.",
        ),
    ] = False,
    metrics: Annotated[
        str | None,
        typer.Option(help="Columns to show, separated by commas.", show_default=False),
    ] = None,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Show earlier versions of methods too.")
    ] = False,
) -> None:
    """Show mean and 95 % interval of every method over its replicates, and what it cost."""
    from harness.leaderboard import load_leaderboard
    from harness.store import Store

    with Store.open(store) as opened:
        board = load_leaderboard(
            opened,
            protocol=protocol,
            dataset=dataset,
            aggregate="concatenated" if concatenated else "separated",
            all_versions=all_versions,
        )
    names = [name.strip() for name in metrics.split(",")] if metrics else None
    _print(board, format, names)


def _print(board: Leaderboard, format: Format, metrics: list[str] | None) -> None:  # noqa: A002
    from harness.leaderboard import leaderboard_renderable, render_leaderboard

    if format == "table" and sys.stdout.isatty():
        from rich.console import Console

        Console().print(leaderboard_renderable(board, metrics))
        return
    typer.echo(render_leaderboard(board, format, metrics=metrics), nl=False)
    if format == "csv":
        for note in board.notes:
            typer.echo(note, err=True)
