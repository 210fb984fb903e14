"""`bench run --dry-run`: the plan, and the time it is expected to take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.cli.durations import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.execution.executor import Settings
    from harness.execution.plan import Plan, PlannedRun
    from harness.execution.run import Bench
    from harness.table import Cell


def print_plan(plan: Plan, bench: Bench, store: Path, settings: Settings) -> None:
    """Print a row for each method, and the total."""
    from harness.execution.estimate import learnt_estimate, time_a_run
    from harness.execution.placement import place_workers
    from harness.execution.session import outstanding
    from harness.store import Store
    from harness.table import Column, Table, to_text

    rules = plan.protocol
    if Store.is_at(store):
        with Store.open(store) as opened:
            todo = outstanding(plan, opened)
            estimate = learnt_estimate(
                opened.records(protocol_digest=rules.digest, dataset=rules.dataset)
            )
    else:
        todo, estimate = list(plan.runs), learnt_estimate([])
    if not estimate.seen:
        estimate.guess = time_a_run(bench)
    basis = "runs recorded before" if estimate.seen else "a few steps timed just now"
    rows = [
        _row(name, [run for run in plan.runs if run.entrant.name == name], todo, estimate.seconds)
        for name in dict.fromkeys(run.entrant.name for run in plan.runs)
    ]
    workers = len(place_workers(bench.device, settings, runs=len(todo)).devices)
    at_a_time = f", {workers} at a time" if workers > 1 else ""
    columns = [
        Column(key="method", title="method", priority=0),
        Column(key="batch", title="batches", priority=2),
        Column(key="hyperparameters", title="hyperparameters", priority=3, wraps=True),
        Column(key="todo", title="runs to do", align="right", priority=0),
        Column(key="done", title="recorded", align="right", priority=1),
        Column(key="time", title="estimated", align="right", priority=0),
    ]
    table = Table(
        title=f"{rules.name} on {rules.dataset}: {len(todo)} of {len(plan.runs)} runs to do",
        columns=columns,
        rows=rows,
        notes=(
            f"estimated time: {words(estimate.seconds(todo) / workers)}{at_a_time}, from {basis}, "
            f"on {bench.device}",
        ),
    )
    typer.echo(to_text(table), nl=False)


def _row(
    name: str,
    runs: list[PlannedRun],
    todo: list[PlannedRun],
    seconds: Callable[[list[PlannedRun]], float],
) -> dict[str, Cell]:
    ids = {run.run_id for run in todo}
    left = [run for run in runs if run.run_id in ids]
    point = runs[0].entrant.hyperparameters
    return {
        "method": name,
        "batch": runs[0].entrant.registered.method.batch,
        "hyperparameters": ", ".join(f"{key}={value}" for key, value in point.items()),
        "todo": len(left),
        "done": len(runs) - len(left),
        "time": words(seconds(left)),
    }
