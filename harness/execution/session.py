"""A session: the runs of a plan that the store lacks, one after the other, told as events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.execution.plan import Plan, PlannedRun, Replicate
from harness.execution.run import Bench, execute
from harness.execution.scores import score_concatenation
from harness.record import Concatenation, Record
from harness.registry import Registry
from harness.scoring import SCORING_SEMANTICS
from harness.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunStarted:
    """A run begins."""

    run: PlannedRun


@dataclass(frozen=True)
class RunEnded:
    """A run's Record is in the store."""

    run: PlannedRun
    record: Record


@dataclass(frozen=True)
class ReplicateEnded:
    """All folds of a replicate are done and their concatenation is in the store."""

    replicate: Replicate


Event = RunStarted | RunEnded | ReplicateEnded


def outstanding(plan: Plan, store: Store, *, retry_failed: bool = False) -> list[PlannedRun]:
    """The runs of a plan that are not in the store, in the plan's order."""
    states = store.run_states()
    settled = {"done"} if retry_failed else {"done", "failed", "skipped"}
    return [run for run in plan.runs if states.get(run.run_id) not in settled]


def run_plan(
    plan: Plan, bench: Bench, store: Store, *, retry_failed: bool = False
) -> Iterator[Event]:
    """Execute what the store lacks, storing each result as it comes; yields events.

    Stop iterating at any point: what was stored stays, and the same plan goes on from there.
    """
    todo = {run.run_id for run in outstanding(plan, store, retry_failed=retry_failed)}
    notify = _Observers(bench.registry)
    for replicate in plan.replicates:
        for run in replicate.runs:
            if run.run_id not in todo:
                continue
            yield RunStarted(run)
            notify.started(run)
            record, arrays = execute(run, bench)
            record = store.put(record, arrays, replace=retry_failed)
            notify.finished(record)
            yield RunEnded(run, record)
        if _join(replicate, bench, store):
            yield ReplicateEnded(replicate)


def _join(replicate: Replicate, bench: Bench, store: Store) -> bool:
    """Score and store a replicate's concatenation if all its folds are done; say if new."""
    joined = store.concatenation(replicate.run_ids)
    if joined is not None and joined.scores.semantics == SCORING_SEMANTICS:
        return False
    records = [store.record(run_id) for run_id in replicate.run_ids]
    done = [record for record in records if record is not None and record.state == "done"]
    if len(done) < len(records):
        return False
    scores = score_concatenation(
        [store.arrays(record) for record in done],
        bench.protocol.scoring,
        metrics=bench.metrics,
        seed=replicate.seed,
    )
    store.put_concatenation(Concatenation(run_ids=replicate.run_ids, scores=scores))
    return True


class _Observers:
    """The observing hooks; what they raise is logged and changes nothing."""

    def __init__(self, registry: Registry) -> None:
        self._hook = registry.manager.hook

    def started(self, run: PlannedRun) -> None:
        """Tell that a run begins."""
        self._call(self._hook.bench_run_started, identity=run.identity)

    def finished(self, record: Record) -> None:
        """Tell that a run ended."""
        self._call(self._hook.bench_run_finished, record=record)

    def _call(self, hook: Callable[..., object], **arguments: object) -> None:
        try:
            hook(**arguments)
        except (Exception, SystemExit) as error:
            log.warning("an observer failed: %s: %s", type(error).__name__, error)
