"""A session: the runs of a plan that the store lacks, executed and stored, told as events.

Executors run them, here or elsewhere, in whatever order they end; the session alone writes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UserError, one_line
from harness.execution.executor import (
    Bench,
    Finished,
    Settings,
    Stages,
    Started,
    Work,
    execute_inline,
)
from harness.execution.plan import Plan, PlannedRun, Replicate
from harness.execution.scores import score_replicate
from harness.record import Concatenation, Record
from harness.registry import Registry
from harness.scoring import SCORING_SEMANTICS
from harness.store import Store

if TYPE_CHECKING:
    from harness.apart.helping import ObserverApart

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


def run_plan(  # noqa: PLR0913 - what to run, where to, and how
    plan: Plan,
    bench: Bench,
    store: Store,
    *,
    retry_failed: bool = False,
    execute: Callable[[Work], Stages] = execute_inline,
    settings: Settings | None = None,
    draining: threading.Event | None = None,
) -> Generator[Event, None, None]:
    """Execute what the store lacks, storing each result as it comes; yields events.

    Stop iterating at any point: what was stored stays, and the same plan goes on from there.
    Set `draining` to have no further run begun and those that are running finished. Raises
    UserError for a plan whose hyperparameters the protocol has searched, and nothing did; where
    an executor hands over what is not the Record of a run that it was given, or leaves runs out;
    and at the end where runs that it stored are not in the store as they were, so that no board
    is made of them.
    """
    if plan.to_search:
        raise UserError(
            f"protocol '{plan.protocol.name}' searches hyperparameters before its replicates, and "
            "this plan was not searched (`harness.Benchmark` searches, then runs)"
        )
    todo = outstanding(plan, store, retry_failed=retry_failed)
    trunk = bench.registry.backbone(plan.protocol.backbone.name)
    if todo and trunk.origin.files is not None:  # a plugin's
        from harness.execution.trunks import require_sound_trunk

        require_sound_trunk(bench)
    replicates = _Replicates(plan, todo)
    for replicate in replicates.settled:
        if _join(replicate, bench, store):
            yield ReplicateEnded(replicate)
    work = Work(
        runs=todo,
        bench=bench,
        settings=settings or Settings(),
        draining=draining or threading.Event(),
    )
    stored: dict[str, int] = {}
    owed = _Owed(work)
    with _Observers(bench.registry) as notify, closing(execute(work)) as stages:
        for stage in owed.checked(stages):
            if isinstance(stage, Started):
                yield RunStarted(stage.run)
                notify.started(stage.run)
                continue
            record = store.put(stage.record, stage.arrays, replace=retry_failed)
            stored[record.run_id] = _content(store, record.run_id)
            notify.finished(record)
            yield RunEnded(stage.run, record)
            complete = replicates.ended(stage.run)
            if complete is not None and _join(complete, bench, store):
                yield ReplicateEnded(complete)
    _require_unchanged(store, stored)
    owed.require_all()


class _Owed:
    """What an executor owes: of each run that it was given one Record, of that run and no other.

    What the session knows of a Record before it is executed must be in it. The scores it can only
    take: `bench verify` computes them again, `bench audit` trains again.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._left = {run.run_id: run for run in work.runs}

    def checked(self, stages: Stages) -> Iterator[Started | Finished]:
        """The stages, each as it was checked; raises UserError for one that cannot be."""
        try:
            for stage in stages:
                if isinstance(stage, Started):
                    yield Started(self._run(stage.run, "began"))
                elif isinstance(stage, Finished):
                    yield self._finished(stage)
                else:
                    raise self._wrong(f"handed over a {type(stage).__name__}")
        except SystemExit as error:
            raise self._wrong(f"would end the program ({one_line(error)})") from error

    def require_all(self) -> None:
        """Raise UserError where runs are missing and nobody asked for fewer."""
        if self._left and not self._work.draining.is_set():
            first = next(iter(self._left))
            count = f"{len(self._left)} of {len(self._work.runs)} runs"
            raise self._wrong(f"ended, and nothing came of {count}, the first {first}")

    def _finished(self, stage: Finished) -> Finished:
        run, record = self._run(stage.run, "ended"), stage.record
        if type(record) is not Record:
            raise self._wrong(f"handed over a {type(record).__name__} as the Record of a run")
        try:
            Record.model_validate(record.model_dump())
        except ValueError as error:
            raise self._wrong(f"handed over no Record: {one_line(error, 300)}") from error
        known = self._work.bench.known(run)
        other = [name for name, value in known.items() if getattr(record, name) != value]
        if other:
            what = ", ".join(name.replace("_", " ") for name in other)
            raise self._wrong(f"gave run {run.run_id} the Record of another: its {what} differ")
        done = record.state == "done"
        if done == (record.reason is not None):
            raise self._wrong(
                f"says of run {run.run_id} that it is {record.state}: {record.reason}"
            )
        if done and run.identity.trial is None and not (record.scores and stage.arrays):
            raise self._wrong(f"says that run {run.run_id} is done, without scores or embeddings")
        del self._left[run.run_id]
        return Finished(run, record, stage.arrays)

    def _run(self, run: PlannedRun, what: str) -> PlannedRun:
        """The run as the session planned it."""
        planned = self._left.get(run.run_id)
        if planned is None:
            raise self._wrong(f"{what} run {run.run_id}, which it was not given or has ended")
        return planned

    def _wrong(self, what: str) -> UserError:
        return UserError(f"the executor {what}; what was stored before stays")


def _content(store: Store, run_id: str) -> int:
    """A number that changes with the stored Record; 0 where there is none."""
    record = store.record(run_id)
    return 0 if record is None else hash(record.model_dump_json())


def _require_unchanged(store: Store, stored: Mapping[str, int]) -> None:
    """Raise UserError where something else edited runs of this session in the store."""
    edited = [run_id for run_id, content in stored.items() if _content(store, run_id) != content]
    if edited:
        raise UserError(
            f"store {store.path}: something else changed {len(edited)} of the runs that this "
            f"session stored, the first {edited[0]}; `bench doctor` lists them, `bench forget` "
            "takes them out"
        )


class _Replicates:
    """Which replicates have no run left to do: those from the start, and those that come."""

    def __init__(self, plan: Plan, todo: list[PlannedRun]) -> None:
        left = {run.run_id for run in todo}
        self._of_run = {run.run_id: one for one in plan.replicates for run in one.runs}
        self._left = {
            one.run_ids: sum(run_id in left for run_id in one.run_ids) for one in plan.replicates
        }
        self.settled = [one for one in plan.replicates if not self._left[one.run_ids]]

    def ended(self, run: PlannedRun) -> Replicate | None:
        """The run's replicate, if this was the last of its runs."""
        replicate = self._of_run[run.run_id]
        self._left[replicate.run_ids] -= 1
        return None if self._left[replicate.run_ids] else replicate


def _join(replicate: Replicate, bench: Bench, store: Store) -> bool:
    """Score and store a replicate's concatenation if all its folds are done; say if new.

    The trials of a search have none: they never saw the test part.
    """
    if replicate.runs[0].identity.trial is not None:
        return False
    joined = store.concatenation(replicate.run_ids)
    if joined is not None and joined.scores.semantics == SCORING_SEMANTICS:
        return False
    records = [store.record(run_id) for run_id in replicate.run_ids]
    done = [record for record in records if record is not None and record.state == "done"]
    if len(done) < len(records):
        return False
    rule = bench.protocol.scoring_for(done[0].declared.comparison)
    scores = score_replicate(done, store.arrays, rule, metrics=bench.metrics)
    store.put_concatenation(Concatenation(run_ids=replicate.run_ids, scores=scores))
    return True


def _observers(registry: Registry) -> list[ObserverApart]:
    from harness.apart.helping import ObserverApart

    return [ObserverApart(origin) for origin in registry.observers]


class _Observers:
    """Whoever observes runs: plugins in processes of their own, and what a program registered.

    They get copies; what they do wrong is logged and changes nothing.
    """

    def __init__(self, registry: Registry) -> None:
        self._apart = _observers(registry) if registry.observers else []
        self._hook = registry.manager.hook

    def __enter__(self) -> _Observers:
        return self

    def __exit__(self, *_: object) -> None:
        for observer in self._apart:
            observer.end()

    def started(self, run: PlannedRun) -> None:
        """Tell that a run begins."""
        identity = run.identity
        for observer in self._apart:
            observer.tell("bench_run_started", identity)
        self._call(self._hook.bench_run_started, identity=identity.model_copy(deep=True))

    def finished(self, record: Record) -> None:
        """Tell that a run ended."""
        for observer in self._apart:
            observer.tell("bench_run_finished", record)
        self._call(self._hook.bench_run_finished, record=record.model_copy(deep=True))

    def _call(self, hook: Callable[..., object], **arguments: object) -> None:
        try:
            hook(**arguments)
        except (Exception, SystemExit) as error:
            log.warning("an observer failed: %s", one_line(error))
