"""`bench leaderboard`: the recorded runs of one protocol and dataset, aggregated."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    Format,
    FormatOption,
    PluginOption,
    ScoredBoardOptions,
    grouped,
)
from harness.cli.saying import page, say, write
from harness.metrics import RANKED_BY

if TYPE_CHECKING:
    from harness.results import Board


@grouped
def leaderboard(  # noqa: PLR0913 - one argument an option
    of: ScoredBoardOptions,
    *,
    format: FormatOption = "table",  # noqa: A002 - named as its option
    metrics: Annotated[
        str | None,
        typer.Option(help="Columns to show, separated by commas."),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="The metric that orders the rows; by default the first of --metrics, or MAP@R."
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(help="Show the rows of these, separated by commas."),
    ] = None,
    top: Annotated[int | None, typer.Option(help="Show the first rows only.", min=1)] = None,
    bibtex: Annotated[
        bool, typer.Option("--bibtex", help="Print citations of the rows' methods instead.")
    ] = False,
    plugin: PluginOption = None,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Show earlier versions of methods too.")
    ] = False,
) -> None:
    """Show mean and 95 % interval of every method over its replicates, and what it cost."""
    from harness.results import load_board

    names = named(metrics)
    with of.open() as source:
        board = load_board(
            source,
            select=of.select,
            aggregate=of.aggregate,
            all_versions=all_versions,
            ranked_by=sort or (names or [RANKED_BY])[0],
        )
    places = range(len(board.rows)) if methods is None else board.places(named(methods) or ())
    if bibtex:
        cite([board.rows[place].method for place in places[:top]], plugin or [])
        return
    _print(board, format, names, places[:top])


def named(text: str | None) -> list[str] | None:
    """Names that commas separate; None for no text."""
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def cite(methods: Sequence[str], plugins: Sequence[Path]) -> None:
    """Print each entry of methods that are installed once; name those that have none."""
    from harness.registry import load_registry

    known = load_registry(plugins).methods
    entries: dict[str, str] = {}
    without: dict[str, str] = {}
    for name in dict.fromkeys(methods):
        entry = known[name].method.citation.strip() if name in known else ""
        if entry:
            entries.setdefault(entry, name)
        else:
            without[name] = known[name].method.reference if name in known else "not installed"
    for entry in entries:
        say(f"{entry}\n")
    for name, reason in without.items():
        say(f"no BibTeX entry: {name}: {reason}", err=True)


def _print(
    board: Board,
    format: Format,  # noqa: A002
    metrics: list[str] | None,
    places: Sequence[int],
) -> None:
    from harness.results.display import board_renderable, render_board
    from harness.results.notes import notes_of

    if format == "table" and sys.stdout.isatty():
        page(board_renderable(board, metrics, places))
        return
    write(render_board(board, format, metrics=metrics, places=places))
    if format == "csv":
        for note in notes_of(board, [board.rows[place] for place in places]):
            say(note, err=True)
