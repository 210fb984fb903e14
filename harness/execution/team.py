"""The scheduler: gives runs to workers, takes results, and deals with deaths, limits and draining.

What a worker is (a process here, an actor on a cluster) it knows by two small protocols only.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from harness.artifacts import Arrays
from harness.errors import UserError
from harness.execution.executor import Finished, Runs, Settings, Stages, Started, Work
from harness.record import Reason, ReasonKind, Record

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)

ATTEMPTS = 2
"""How often a run is tried whose worker's process ends."""
LOSSES = 5
"""How often a run is lost with its node before it is held to be the cause."""
_LOOK_AT_MEMORY_EVERY = 0.05


class WorkerDied(Exception):
    """The worker's process ended; the message says how."""


class Lost(Exception):
    """The worker's node is gone or out of reach, or the result was lost on its way."""


@dataclass(frozen=True)
class Assignment:
    """Runs that a worker is at, and since when: by the clock for people, by one that never jumps.

    `runs`: one, or those of several that are trained together that have not come back. `size`: how
    many there were. `attempt`: 1 for the first.
    """

    runs: Runs
    size: int
    attempt: int
    started: datetime
    began: float

    @classmethod
    def now(cls, runs: Runs, attempt: int) -> Assignment:
        """One that begins."""
        return cls(runs, len(runs), attempt, datetime.now(UTC), time.monotonic())

    def without(self, run_id: str) -> Assignment | None:
        """What is left when a run has come back; None if that was all."""
        left = tuple(run for run in self.runs if run.run_id != run_id)
        return replace(self, runs=left) if left else None


class Watched(Protocol):
    """What limits need to know of a worker."""

    @property
    def assignment(self) -> Assignment | None:
        """The runs it is at."""
        ...

    def resident_bytes(self) -> int:
        """Main memory that it holds now."""
        ...


class Worker(Watched, Protocol):
    """Who executes runs somewhere else: one after the other, or several together."""

    @property
    def idle(self) -> bool:
        """Whether it can be given runs."""
        ...

    @property
    def environment(self) -> Mapping[str, str] | None:
        """Facts of its machine; None where they are this process's own."""
        ...

    def give(self, runs: Runs, *, attempt: int) -> None:
        """Let it execute runs; one that is gone is found by `take`."""
        ...

    def take(self) -> Sequence[tuple[Record, Arrays | None]]:
        """What it sent: results, or none if only a word about itself.

        Raises WorkerDied if its process is gone, Lost if its node is, UserError if it refuses work.
        """
        ...

    def kill(self) -> None:
        """End it now."""
        ...


W = TypeVar("W", bound=Worker)


class Crew(Protocol[W]):
    """Where workers of one kind come from. `count`: how many there may be at a time."""

    count: int

    def hire(self, beside: Sequence[W]) -> W:
        """Another worker, beside those that there are; it may take a while to be ready."""
        ...

    def with_news(self, workers: Sequence[W], seconds: float | None) -> Collection[W]:
        """Wait until a worker has something to `take`, no longer than `seconds`; those that do."""
        ...

    def dismiss(self, workers: Sequence[W]) -> None:
        """End every worker: at once those that still run something."""
        ...


class Team(Generic[W]):
    """The workers, the runs that wait, and who does what."""

    def __init__(self, work: Work, crew: Crew[W]) -> None:
        self._work = work
        self._crew = crew
        self._waiting: deque[tuple[Runs, int]] = deque((runs, 1) for runs in work.groups)
        self._begun: set[str] = set()
        self._lost: Counter[str] = Counter()
        self._false_starts = 0
        self._workers: list[W] = []

    def execute(self) -> Stages:
        """Yield what begins and ends, until nothing waits or runs; no worker is left after."""
        try:
            yield from self._execute()
        finally:
            self._crew.dismiss(self._workers)

    def _execute(self) -> Stages:
        while True:
            yield from self._dispatch()
            if not self._busy() and (self._work.draining.is_set() or not self._waiting):
                return
            self._hire()
            if not self._workers:  # draining began just now
                continue
            seconds = wait_seconds(self._work.settings, self._workers)
            news = self._crew.with_news(self._workers, seconds)
            for worker in list(self._workers):
                finished = self._look_at(worker, news=worker in news)
                if finished:
                    # The worker has its next runs before these are stored, and is told of after.
                    begun = list(self._dispatch())
                    yield from finished
                    yield from begun

    def _hire(self) -> None:
        """Get the workers that are missing, but no more than have something to do."""
        to_begin = 0 if self._work.draining.is_set() else len(self._waiting)
        wanted = min(self._crew.count, self._busy() + to_begin)
        while len(self._workers) < wanted:
            self._workers.append(self._crew.hire(self._workers))

    def _dispatch(self) -> Stages:
        for worker in self._workers:
            if worker.idle and self._waiting and not self._work.draining.is_set():
                runs, attempt = self._waiting.popleft()
                worker.give(runs, attempt=attempt)
                for run in runs:
                    if run.run_id not in self._begun:
                        self._begun.add(run.run_id)
                        yield Started(run)

    def _busy(self) -> int:
        return sum(worker.assignment is not None for worker in self._workers)

    def _look_at(self, worker: W, *, news: bool) -> list[Finished]:
        """What became of a worker's runs, if anything; one that is gone is let go."""
        assignment = worker.assignment
        if news:
            try:
                results = worker.take()
            except (WorkerDied, Lost) as end:
                return self._gone(worker, end)
            self._false_starts = 0
            if assignment is not None and results:
                runs = {run.run_id: run for run in assignment.runs}
                return [Finished(runs[record.run_id], record, own) for record, own in results]
        over = exceeded(self._work.settings, worker)
        return [] if over is None else self._ended(worker, *over)

    def _gone(self, worker: W, end: WorkerDied | Lost) -> list[Finished]:
        """Have the runs executed again, or give one up."""
        assignment = worker.assignment
        if assignment is None:
            self._false_starts += 1
            if self._false_starts > ATTEMPTS * self._crew.count:
                raise UserError(f"a worker cannot begin: {end}")
            self._let_go(worker)
            return []
        first, attempt = assignment.runs[0], assignment.attempt
        if isinstance(end, Lost):
            self._lost[first.run_id] += 1
            if self._lost[first.run_id] >= LOSSES:
                return self._ended(worker, "died", f"{end}, as {LOSSES - 1} times before")
            log.warning("%s; the run is executed again", end)
            self._waiting.appendleft((assignment.runs, attempt))
            self._let_go(worker)
            return []
        if attempt >= ATTEMPTS or assignment.size > 1:
            return self._ended(worker, "died", f"{end}, at each of {ATTEMPTS} attempts")
        self._waiting.appendleft((assignment.runs, attempt + 1))
        self._let_go(worker)
        return []

    def _ended(self, worker: W, kind: ReasonKind, message: str) -> list[Finished]:
        """The failed Record of a worker's run, of which nothing came back; the worker is let go.

        Of several that were trained together nobody knows whose fault it was: each is executed
        again, alone.
        """
        assignment = worker.assignment
        assert assignment is not None
        environment = worker.environment
        self._let_go(worker)
        if assignment.size > 1:
            for run in reversed(assignment.runs):
                self._waiting.appendleft(((run,), assignment.attempt))
            return []
        (run,) = assignment.runs
        record = self._work.bench.record(
            run,
            state="failed",
            started=assignment.started,
            environment=environment,
            reason=Reason(kind=kind, message=message),
        )
        return [Finished(run, record, None)]

    def _let_go(self, worker: W) -> None:
        worker.kill()
        self._workers.remove(worker)


def require_enforceable(settings: Settings) -> None:
    """Raise UserError for a limit that cannot be watched on this system."""
    if settings.memory_limit is not None and not sys.platform.startswith("linux"):
        raise UserError("--memory-limit: is watched through /proc, which only Linux has")


def wait_seconds(settings: Settings, workers: Sequence[Watched]) -> float | None:
    """How long to sleep before a limit may have been exceeded; None for as long as it takes."""
    assignments = [worker.assignment for worker in workers if worker.assignment]
    if not assignments:
        return None
    waits = [] if settings.memory_limit is None else [_LOOK_AT_MEMORY_EVERY]
    limit = settings.time_limit
    if limit is not None:
        over = min(one.began + limit * one.size for one in assignments)
        waits.append(max(0.0, over - time.monotonic()))
    return min(waits, default=None)


def exceeded(settings: Settings, worker: Watched) -> tuple[ReasonKind, str] | None:
    """The limit that the worker's run exceeds, as a kind of reason and a sentence.

    Runs that are trained together may take what they might take one after the other.
    """
    if worker.assignment is None:
        return None
    seconds = time.monotonic() - worker.assignment.began
    limit = settings.time_limit
    if limit is not None and seconds >= limit * worker.assignment.size:
        return "out-of-time", f"took longer than the {limit:g} s of --time-limit"
    if settings.memory_limit is not None and worker.resident_bytes() > settings.memory_limit:
        mebibytes = settings.memory_limit / 2**20
        return "out-of-memory", f"held more than the {mebibytes:g} MiB of --memory-limit"
    return None
