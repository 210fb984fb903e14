"""The workers of a session on a cluster, the runs that wait, and who does what."""

from __future__ import annotations

import logging
import pickle
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import UserError
from harness.execution.ended import record_of_ended
from harness.execution.executor import Finished, Stages, Started, Work
from harness.execution.limits import exceeded, require_enforceable, wait_seconds
from harness.execution.plan import PlannedRun
from harness.execution.process import Died
from harness.execution.ray.capacity import count_workers, demand
from harness.execution.ray.cargo import cargo_of
from harness.execution.ray.connection import connected
from harness.execution.ray.remote import Hiring, Lost, RemoteWorker, hiring
from harness.record import ReasonKind

log = logging.getLogger(__name__)

ATTEMPTS = 2
"""How often a run is tried whose worker's process ends."""
LOSSES = 5
"""How often a run is lost with its node before it is held to be the cause."""
_LOOK_EVERY = 1.0
_LEAVE_SECONDS = 2.0


def execute_on_ray(work: Work) -> Stages:
    """Execute the runs on a cluster, in as many workers as the settings say or it has room for.

    A run that was lost with its node is executed again on another. Raises UserError if there is no
    Ray, no cluster or no room, or if a node has other code than this machine.
    """
    require_enforceable(work.settings)
    if not work.runs:
        return
    with connected(work.settings.address) as ray, _team(work, ray) as team:
        yield from team.execute()


@contextmanager
def _team(work: Work, ray: Any) -> Iterator[_Team]:
    wanted = demand(work.bench.device, work.settings)
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    count = count_workers(wanted, nodes, work.settings, runs=len(work.runs))
    terms = hiring(ray, cargo_of(work), _put(work, ray), wanted, work.settings.memory_limit)
    team = _Team(work, terms, count)
    try:
        yield team
    finally:
        team.close()


def _put(work: Work, ray: Any) -> Any:
    """Put the dataset into the object store, from which each node fetches it once."""
    dataset = work.bench.dataset
    try:
        return ray.put(dataset)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(f"dataset '{dataset.name}' cannot be sent to nodes: {error}") from error
    except ray.exceptions.ObjectStoreFullError:
        raise UserError(
            f"dataset '{dataset.name}' does not fit Ray's object store "
            "(see --object-store-memory of `ray start`)"
        ) from None


class _Team:
    """The workers, the runs that wait, and who does what."""

    def __init__(self, work: Work, terms: Hiring, count: int) -> None:
        self._work = work
        self._terms = terms
        self._count = count
        self._waiting: deque[tuple[PlannedRun, int]] = deque((run, 1) for run in work.runs)
        self._begun: set[str] = set()
        self._lost: Counter[str] = Counter()
        self._false_starts = 0
        self._workers: list[RemoteWorker] = []

    def execute(self) -> Stages:
        """Yield what begins and ends, until nothing waits or runs."""
        while True:
            yield from self._dispatch()
            if not self._busy() and (self._work.draining.is_set() or not self._waiting):
                return
            self._hire()
            ready = self._wait()
            for worker in list(self._workers):
                finished = self._look_at(worker, ready)
                if finished is not None:
                    # The worker has its next run before this one is stored.
                    yield from self._dispatch()
                    yield finished

    def close(self) -> None:
        """End every worker: at once those that still run something."""
        leaving = [worker.leave() for worker in self._workers if worker.idle]
        if leaving:
            self._terms.ray.wait(leaving, num_returns=len(leaving), timeout=_LEAVE_SECONDS)
        for worker in self._workers:
            worker.kill()

    def _hire(self) -> None:
        """Ask for the workers that are missing, but for no more than have something to do."""
        to_begin = 0 if self._work.draining.is_set() else len(self._waiting)
        wanted = min(self._count, self._busy() + to_begin)
        while len(self._workers) < wanted:
            self._workers.append(RemoteWorker(self._terms))

    def _dispatch(self) -> Stages:
        for worker in self._workers:
            if worker.idle and self._waiting and not self._work.draining.is_set():
                run, attempt = self._waiting.popleft()
                worker.give(run, attempt=attempt)
                if run.run_id not in self._begun:
                    self._begun.add(run.run_id)
                    yield Started(run)

    def _busy(self) -> int:
        return sum(worker.assignment is not None for worker in self._workers)

    def _wait(self) -> set[Any]:
        """References that are ready; none after a while, to see whether to drain."""
        waitables = [one for worker in self._workers for one in worker.waitables]
        seconds = wait_seconds(self._work.settings, self._workers)
        timeout = _LOOK_EVERY if seconds is None else min(seconds, _LOOK_EVERY)
        ready, _ = self._terms.ray.wait(waitables, num_returns=1, timeout=timeout)
        return set(ready)

    def _look_at(self, worker: RemoteWorker, ready: set[Any]) -> Finished | None:
        """What became of a worker's run, if anything; one that is gone is let go."""
        assignment = worker.assignment
        for reference in worker.waitables:
            if reference not in ready:
                continue
            try:
                result = worker.take(reference)
            except (Died, Lost) as end:
                return self._gone(worker, end)
            self._false_starts = 0
            if assignment is not None and result is not None:
                return Finished(assignment.run, *result)
        over = exceeded(self._work.settings, worker)
        return None if over is None else self._ended(worker, *over)

    def _gone(self, worker: RemoteWorker, end: Died | Lost) -> Finished | None:
        """Have the run executed again, or give it up."""
        assignment = worker.assignment
        if assignment is None:
            self._false_starts += 1
            if self._false_starts > ATTEMPTS * self._count:
                raise UserError(f"a worker cannot begin: {end}")
            self._let_go(worker)
            return None
        run, attempt = assignment.run, assignment.attempt
        if isinstance(end, Lost):
            self._lost[run.run_id] += 1
            if self._lost[run.run_id] >= LOSSES:
                return self._ended(worker, "died", f"{end}, as {LOSSES - 1} times before")
            log.warning("%s; the run is executed again", end)
        else:
            if attempt >= ATTEMPTS:
                return self._ended(worker, "died", f"{end}, at each of {ATTEMPTS} attempts")
            attempt += 1
        self._waiting.appendleft((run, attempt))
        self._let_go(worker)
        return None

    def _ended(self, worker: RemoteWorker, kind: ReasonKind, message: str) -> Finished:
        """The failed Record of a worker's run; the worker is let go."""
        assignment = worker.assignment
        assert assignment is not None
        record = record_of_ended(
            assignment.run,
            self._work.bench,
            kind=kind,
            message=message,
            started=assignment.started,
            facts=worker.environment,
        )
        self._let_go(worker)
        return Finished(assignment.run, record, None)

    def _let_go(self, worker: RemoteWorker) -> None:
        worker.kill()
        self._workers.remove(worker)
