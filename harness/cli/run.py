"""`bench run`: the main job, from a protocol to a filling leaderboard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import BenchmarkOptions, OwnDataOptions, SetOption, WithOption, grouped
from harness.cli.saying import say
from harness.errors import EXIT_RUNS_FAILED

if TYPE_CHECKING:
    from harness.session import Session


@grouped
def run(  # noqa: PLR0913 - one argument an option
    what: BenchmarkOptions,
    read: OwnDataOptions,
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own: a folder of class folders, or a CSV, Parquet, npz, npy or safetensors "
            "file; the protocol is then unlocked."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="How many replicates; by default all of the protocol's.", min=1),
    ] = None,
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve",
            help="Look after 3, 5 and all seeds (or the protocol's looks), and go on with the "
            "methods that may still be the best.",
        ),
    ] = False,
    set_: SetOption = None,
    with_: WithOption = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            "--track",
            help="Show runs elsewhere too: tensorboard:DIR, wandb:DIR, mlflow:DIR or jsonl:FILE; "
            "may be repeated.",
        ),
    ] = None,
    keep_weights: Annotated[
        bool,
        typer.Option("--keep-weights", help="Keep each trained embedder too, for bench export."),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run those again that failed before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and its estimated time only.")
    ] = False,
) -> None:
    """Train and score methods by a protocol; what the store holds already is not run again."""
    if track:
        from harness.trackers import read_track

        for text in track:
            read_track(text)  # what is misspelt is said before plugins are loaded
    benchmark = what.benchmark(
        data=data,
        reading=read.reading_of(data),
        seeds=seeds,
        resolve=resolve,
        overrides=set_ or (),
        hyperparameters=with_ or (),
        keep_weights=keep_weights,
    )
    if dry_run:
        if sys.stderr.isatty():
            say("bench: timing a few steps ...", err=True)
        from harness.cli.listing import print_table

        print_table(benchmark.forecast(what.store).table, "table")
        return
    session = benchmark.run(what.store, retry_failed=retry_failed, track=track or ())
    try:
        session.watch()
    finally:
        show(session)
    broken = "all" in benchmark.methods and benchmark.registry.problems
    if session.failed() or broken:
        raise typer.Exit(EXIT_RUNS_FAILED)


def show(session: Session) -> None:
    """Leave the board on standard output, as wide as a terminal is."""
    from harness.results.display import board_renderable, render_board

    board = session.board()
    if board is None:
        return
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(board_renderable(board))
    else:
        say(render_board(board, "table"), nl=False)
