"""The hyperparameter searches that a protocol asks for, before its replicates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import typer

from harness.cli.interrupts import draining_on_ctrl_c
from harness.execution.plan import Plan
from harness.execution.session import Event, RunEnded, run_plan
from harness.search import Searching, SearchStopped, Tuned, searches_of

if TYPE_CHECKING:
    import threading

    from harness.execution.executor import Settings
    from harness.execution.run import Bench
    from harness.extension import Executor
    from harness.store import Store


def search_for(
    plan: Plan, bench: Bench, store: Store, executor: Executor, settings: Settings
) -> list[Tuned]:
    """Run what the searches of a plan's methods still lack, a line a trial on standard error.

    Returns what they found, nothing where the protocol asks for no search. Raises
    KeyboardInterrupt when Ctrl-C left trials undone.
    """
    folds = [replicate for replicate in plan.replicates if replicate.seed == 0]
    count = len(searches_of(plan.protocol, folds))
    if not count:
        return []
    trials = plan.protocol.search.trials
    typer.echo(f"searching: {trials} trials for each of {count} searches", err=True)
    with draining_on_ctrl_c() as draining:

        def run(trial: Plan) -> Iterator[Event]:
            return _execute(trial, bench, store, executor, settings, draining)

        searching = Searching(plan.protocol, folds, store, run)
        try:
            with closing(searching.run()) as events:
                for event in events:
                    _tell(event, trials)
        except SearchStopped:
            typer.echo("bench: stopped; the same command goes on from here", err=True)
            raise KeyboardInterrupt from None
    return searching.tuned()


def _execute(
    plan: Plan,
    bench: Bench,
    store: Store,
    executor: Executor,
    settings: Settings,
    draining: threading.Event,
) -> Iterator[Event]:
    return run_plan(
        plan, bench, store, execute=executor.execute, settings=settings, draining=draining
    )


def _tell(event: Event, trials: int) -> None:
    if not isinstance(event, RunEnded):
        return
    identity, record = event.run.identity, event.record
    assert identity.trial is not None
    value = "" if record.validation is None else f" {record.validation:.3f}"
    reason = f": {record.reason.message}" if record.reason else ""
    typer.echo(
        f"[trial {identity.trial + 1}/{trials}] {identity.method}, fold {identity.fold}: "
        f"{record.state}{value}{reason}",
        err=True,
    )
