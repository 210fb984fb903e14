"""Re-training as evidence: runs of a board drawn at random, trained again alone and fresh."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.data.loading import recorded_dataset
from harness.errors import UserError
from harness.execution.executor import Bench, Finished, Settings, Work, place_workers
from harness.execution.machine import choose_device
from harness.execution.plan import PlannedRun
from harness.execution.process import execute_in_processes
from harness.execution.reproducing import (
    Reproduction,
    compared,
    device_of,
    threads_of,
    to_run_again,
)
from harness.record import Record
from harness.registry import Registry
from harness.results.key import by_method

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.data.own import Brought
    from harness.rescoring.rescore import RuleBook
    from harness.store import Store


@dataclass(frozen=True)
class Audited:
    """A run that was drawn, and what came of training it again, or why it could not be."""

    record: Record
    result: Reproduction | None
    reason: str = ""

    def holds(self, tolerance: float) -> bool:
        """Whether it was trained again and came out the same."""
        return self.result is not None and self.result.holds(tolerance)


def draw_runs(
    records: Iterable[Record], *, share: float | None = None, draw: random.Random | None = None
) -> list[Record]:
    """One scored run of each row, or that share of each row's runs and at least one.

    `draw`: by default the system's own randomness, which nobody can know before.
    """
    chooser = draw or random.SystemRandom()
    rows = by_method(record for record in records if record.state == "done")
    chosen = []
    for runs in rows.values():
        count = 1 if share is None else max(1, math.ceil(share * len(runs)))
        chosen += chooser.sample(runs, count)
    return chosen


def audit(
    records: Sequence[Record],
    store: Store,
    registry: Registry,
    rules: RuleBook,
    *,
    own: Brought | None = None,
) -> Iterator[Audited]:
    """Train runs again, in a process that was not there before; the store stays as it is.

    It is one of a session's workers, and every method has a process of its own there: what a run
    needs is imported once for all. `own`: the person's data that the runs are of.
    """
    groups: dict[tuple[str, str, str, int], _Group] = {}
    loaded: dict[str, Dataset] = {}
    for record in records:
        identity = record.identity
        try:
            protocol = rules.protocol(identity)
            if identity.dataset_digest not in loaded:
                loaded[identity.dataset_digest] = recorded_dataset(
                    registry, identity.dataset, identity.dataset_digest, own
                )
            dataset = loaded[identity.dataset_digest]
            run = to_run_again(record, registry, protocol, dataset)
            device, threads = choose_device(device_of(record)), threads_of(record)
        except UserError as error:
            yield Audited(record, None, str(error))
            continue
        key = (protocol.digest, identity.dataset_digest, str(device), threads)
        bench = Bench(registry, protocol, dataset, device)
        group = groups.setdefault(key, _Group(bench, Settings(workers=1, threads=threads)))
        group.runs.append(run)
        group.records[run.run_id] = record
    for group in groups.values():
        yield from _again(group, store)


@dataclass(frozen=True, eq=False)
class _Group:
    """Runs that are trained again in one session."""

    bench: Bench
    settings: Settings
    runs: list[PlannedRun] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)


def _again(group: _Group, store: Store) -> Iterator[Audited]:
    left = dict(group.records)
    work = Work(runs=group.runs, bench=group.bench, settings=group.settings)
    place = place_workers(group.bench.device, group.settings, runs=1)
    try:
        for stage in execute_in_processes(work, place):
            if isinstance(stage, Finished):
                record = left.pop(stage.record.run_id)
                yield Audited(record, compared(record, store, stage))
    except UserError as error:
        for record in left.values():
            yield Audited(record, None, str(error))
