"""Runs on this machine: in this process, or in several that are watched from here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait

from harness.errors import UserError
from harness.execution.crossing import core_digest, pack, pack_registry
from harness.execution.ended import record_of_ended
from harness.execution.executor import Finished, Stages, Started, Work
from harness.execution.inline import execute_inline
from harness.execution.limits import exceeded, require_enforceable, wait_seconds
from harness.execution.placement import Placement, place_workers
from harness.execution.plan import PlannedRun
from harness.execution.process import Died, WorkerProcess
from harness.execution.shared_dataset import SharedDataset, shared
from harness.execution.worker import Workplace
from harness.record import ReasonKind

ATTEMPTS = 2
_LEAVE_SECONDS = 2.0


def execute_locally(work: Work) -> Stages:
    """Execute the runs in as many processes as the settings say; one without limits, in this one.

    A run whose process dies is tried once more, in a new one, and then recorded as `died`.
    """
    require_enforceable(work.settings)
    placement = place_workers(work.bench.device, work.settings, runs=len(work.runs))
    if len(placement.devices) <= 1 and not work.settings.limited:
        return execute_inline(work)
    return _execute_in_workers(work, placement)


def _execute_in_workers(work: Work, placement: Placement) -> Stages:
    if not work.runs:
        return
    with shared(work.bench.dataset) as dataset, _team(work, placement, dataset) as team:
        yield from team.execute()


@contextmanager
def _team(work: Work, placement: Placement, dataset: SharedDataset) -> Iterator[_Team]:
    team = _Team(work, placement, dataset)
    try:
        yield team
    finally:
        team.close()


class _Team:
    """The workers, the runs that wait, and who does what."""

    def __init__(self, work: Work, placement: Placement, dataset: SharedDataset) -> None:
        self._work = work
        self._placement = placement
        self._dataset = dataset
        self._bench = pack(work.bench)
        self._core = core_digest()
        self._registry = pack_registry(work.bench.registry)
        self._waiting: deque[tuple[PlannedRun, int]] = deque((run, 1) for run in work.runs)
        self._idle_deaths = 0
        self._workers: dict[int, WorkerProcess] = {}

    def execute(self) -> Stages:
        """Yield what begins and ends, until nothing waits or runs."""
        for slot in range(len(self._placement.devices)):
            self._hire(slot)
        while True:
            yield from self._dispatch()
            if not self._busy() and (self._work.draining.is_set() or not self._waiting):
                return
            self._wait()
            for slot in list(self._workers):
                finished = self._look_at(slot)
                if finished is not None:
                    # The worker has its next run before this one is stored.
                    yield from self._dispatch()
                    yield finished

    def close(self) -> None:
        """End every worker: at once those that still run something."""
        for worker in self._workers.values():
            if worker.idle:
                worker.dismiss()
        for worker in self._workers.values():
            worker.kill(after=_LEAVE_SECONDS if worker.idle else 0.0)

    def _dispatch(self) -> Stages:
        for worker in self._workers.values():
            if worker.idle and self._waiting and not self._work.draining.is_set():
                run, attempt = self._waiting.popleft()
                worker.give(run, attempt=attempt)
                if attempt == 1:
                    yield Started(run)

    def _busy(self) -> bool:
        return any(worker.assignment for worker in self._workers.values())

    def _wait(self) -> None:
        workers = list(self._workers.values())
        seconds = wait_seconds(self._work.settings, workers)
        wait([one for worker in workers for one in worker.waitables], seconds)

    def _look_at(self, slot: int) -> Finished | None:
        """What became of one worker's run, if anything; one that is gone is replaced if need be."""
        worker = self._workers[slot]
        assignment = worker.assignment
        if worker.has_news():
            try:
                result = worker.take()
            except Died as death:
                return self._died(slot, str(death))
            if assignment is None or result is None:
                return None
            self._idle_deaths = 0
            return Finished(assignment.run, *result)
        over = exceeded(self._work.settings, worker)
        return None if over is None else self._ended(slot, *over)

    def _died(self, slot: int, how: str) -> Finished | None:
        assignment = self._workers[slot].assignment
        if assignment is None:
            self._idle_deaths += 1
            if self._idle_deaths > ATTEMPTS:
                raise UserError(f"a worker cannot begin: {how}")
            self._replace(slot)
            return None
        if assignment.attempt < ATTEMPTS:
            self._waiting.appendleft((assignment.run, assignment.attempt + 1))
            self._replace(slot)
            return None
        return self._ended(slot, "died", f"{how}, at each of {ATTEMPTS} attempts")

    def _ended(self, slot: int, kind: ReasonKind, message: str) -> Finished:
        """The failed Record of a worker's run; the worker is ended."""
        assignment = self._workers[slot].assignment
        assert assignment is not None
        record = record_of_ended(
            assignment.run,
            self._work.bench,
            kind=kind,
            message=message,
            started=assignment.started,
        )
        self._replace(slot)
        return Finished(assignment.run, record, None)

    def _replace(self, slot: int) -> None:
        self._workers.pop(slot).kill()
        free = sum(worker.assignment is None for worker in self._workers.values())
        if len(self._waiting) > free and not self._work.draining.is_set():
            self._hire(slot)

    def _hire(self, slot: int) -> None:
        place = Workplace(
            bench=self._bench,
            core=self._core,
            registry=self._registry,
            dataset=self._dataset,
            device=self._placement.devices[slot],
            threads=self._work.settings.threads,
        )
        threads = self._placement.library_threads
        self._workers[slot] = WorkerProcess(place, library_threads=threads)
