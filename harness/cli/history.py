"""`bench history`: published leaderboards over time, change points marked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli.options import FormatOption
from harness.cli.saying import say, show
from harness.errors import NotComparable, unknown

DEFAULT_RESULTS = Path("results")


def history(  # noqa: PLR0913 - one argument an option
    path: Annotated[
        Path, typer.Argument(help="A folder of published leaderboards, or one of them.")
    ] = DEFAULT_RESULTS,
    *,
    store: Annotated[
        Path | None,
        typer.Option(help="A store whose boards come last, as they are now."),
    ] = None,
    source: Annotated[
        Literal["auto", "git", "folder"],
        typer.Option(help="git: every committed version; folder: the files that are there."),
    ] = "auto",
    metric: Annotated[
        str,
        typer.Option(help="A name or title; NAME:higher or :lower where old Records do not say."),
    ] = "map_at_r",
    methods: Annotated[str | None, typer.Option(help="By commas; by default all.")] = None,
    level: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest p-value of a change point.")
    ] = 0.01,
    seed: Annotated[int, typer.Option(min=0, help="Of the permutations.")] = 0,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Show each method's score over time, and where it changed."""
    from harness.gate.metrics import names_measured, parse_metric, told_of
    from harness.history.collecting import Collected, from_folder, from_git, from_store, in_git
    from harness.history.series import history_table, series_of

    git = source == "git" or (source == "auto" and in_git(path))
    collected = from_git(path) if git else from_folder(path)
    if store is not None:
        held = from_store(store).snapshots
        collected = Collected((*collected.snapshots, *held), collected.notes)
    if not collected.snapshots:
        told = "; ".join(collected.notes[:1]) or "`bench publish` makes one"
        raise NotComparable(f"{path}: holds no published leaderboard ({told})")
    records = [record for snapshot in collected.snapshots for record in snapshot.records]
    measured = names_measured(records)
    facts, higher = parse_metric(metric, measured, told_of(records))
    name = facts.name
    if any(record.scores for record in records) and name not in measured:
        raise unknown("metric", name, measured, where=str(path))
    series = series_of(collected.snapshots, name, higher_is_better=higher, seed=seed, level=level)
    known = {one.method for one in series}
    chosen = [part.strip() for part in (methods or "").split(",") if part.strip()]
    for method in chosen:
        if method not in known:
            raise unknown("method", method, known, where=str(path))
    shown = [one for one in series if not chosen or one.method in chosen]
    table = history_table(shown, name, collected.notes)
    show(table, format)
    if format in ("csv", "json"):
        for note in collected.notes:
            say(f"bench: {note}", err=True)
