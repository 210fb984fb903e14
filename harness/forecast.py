"""What there is to do for a plan, and the time that it is expected to take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.execution.cohort import told_together
from harness.execution.estimate import time_a_run
from harness.execution.executor import Work, place_workers
from harness.execution.plan import Estimate, Guess, learnt_estimate
from harness.execution.session import outstanding
from harness.store import Store
from harness.table import Column, Table, duration, to_html, to_text

if TYPE_CHECKING:
    from pathlib import Path

    from harness.execution.executor import Bench, Settings
    from harness.execution.plan import Plan, PlannedRun
    from harness.protocol import Protocol
    from harness.table import Cell


@dataclass(frozen=True, repr=False)
class Forecast:
    """The runs of a plan that a store lacks, and the seconds that they are expected to take.

    `basis`: what the time is guessed from; `workers`: how many runs at a time.
    """

    plan: Plan
    todo: tuple[PlannedRun, ...]
    seconds: float
    workers: int
    basis: str
    table: Table

    def __repr__(self) -> str:
        return to_text(self.table)

    def _repr_html_(self) -> str:
        return to_html(self.table)


def forecast(plan: Plan, bench: Bench, store: Path, settings: Settings) -> Forecast:
    """Look at what the store holds, and time a few steps if that says nothing of the time."""
    rules = plan.protocol
    todo, records = list(plan.runs), []
    if Store.is_at(store):
        with Store.open(store) as opened:
            todo = outstanding(plan, opened)
            records = opened.records(protocol_digest=rules.digest, dataset=rules.dataset)
    timed = any(record.audit is not None and record.audit.steps for record in records)
    guess = Guess(0.0, 0.0) if timed else _guess(bench, todo, settings.threads)
    estimate = learnt_estimate(records, guess)
    basis = (
        "runs recorded before"
        if timed
        else f"a few steps timed just now, {guess.training / rules.training.steps:.2g} s each"
    )
    groups = Work(runs=todo, bench=bench, settings=settings).groups
    workers = len(place_workers(bench.device, settings, runs=len(groups)).devices)
    seconds = estimate.seconds(todo) / workers
    at_a_time = f", {workers} at a time" if workers > 1 else ""
    searched = (_searched(plan, estimate, workers),) if plan.to_search else ()
    table = Table(
        title=f"{rules.name} on {rules.dataset}: {len(todo)} of {len(plan.runs)} runs to do",
        columns=[
            Column(key="method", title="method", priority=0),
            Column(key="batch", title="batches", priority=2),
            Column(
                key="hyperparameters", title="hyperparameters", priority=3, wraps=True, least=28
            ),
            Column(key="todo", title="runs to do", align="right", priority=0),
            Column(key="done", title="recorded", align="right", priority=1),
            Column(key="time", title="estimated", align="right", priority=0),
        ],
        rows=[
            _row([run for run in plan.runs if run.entrant.name == name], todo, estimate, rules)
            for name in dict.fromkeys(run.entrant.name for run in plan.runs)
        ],
        notes=(
            f"estimated time: {duration(seconds)}{at_a_time}, from {basis}, on {bench.device} "
            "with nothing else to do",
            *filter(None, [told_together(todo, bench, settings)]),
            *searched,
            *_looked(plan),
        ),
    )
    return Forecast(plan, tuple(todo), seconds, workers, basis, table)


def _guess(bench: Bench, todo: Sequence[PlannedRun], threads: int) -> Guess:
    """Time a few steps; UserError where not even these find room."""
    from harness.training import reason_of

    try:
        return time_a_run(bench, todo, threads)
    except Exception as error:
        if reason_of(error).kind != "out-of-memory":
            raise
        raise UserError(
            f"a step needs more memory than there is here on {bench.device}: a batch of "
            f"{bench.protocol.training.batch_size}, embeddings of "
            f"{bench.protocol.backbone.embedding_size} numbers"
        ) from error


def _looked(plan: Plan) -> Iterator[str]:
    if looks := ", ".join(map(str, plan.protocol.looks)):
        yield (
            f"at most: looked at after {looks} seeds, and methods that a look shows not to be the "
            "best get no more"
        )


def _searched(plan: Plan, estimate: Estimate, workers: int) -> str:
    """What the search before the replicates takes, were none of it in the store."""
    rules = plan.protocol
    search, whole = rules.search, rules.training.steps
    methods = {one.entrant.name: one for one in plan.replicates if one.to_search}
    runs = [run for one in methods.values() for run in one.runs[: search.folds]]
    times = search.trials * search.repeats
    share = (search.steps or whole) / whole
    seconds = times * share * estimate.seconds(runs) / workers
    folds = search.folds or rules.split.folds
    return (
        f"the search before it is not in this time: {search.trials} trials of {len(methods)} "
        f"methods, of {search.steps or whole} steps on {folds} of {rules.split.folds} folds, "
        f"{times * len(runs)} runs, about {duration(seconds)}"
    )


def _row(
    runs: list[PlannedRun], todo: Sequence[PlannedRun], estimate: Estimate, rules: Protocol
) -> dict[str, Cell]:
    ids = {run.run_id for run in todo}
    left = [run for run in runs if run.run_id in ids]
    entrant = runs[0].entrant
    point = entrant.hyperparameters
    return {
        "method": entrant.name,
        "batch": entrant.declared(rules).composition,
        "hyperparameters": ", ".join(f"{key}={value}" for key, value in point.items()),
        "todo": len(left),
        "done": len(runs) - len(left),
        "time": duration(estimate.seconds(left)),
    }
