"""The scheduler: gives runs to workers, takes results, and deals with deaths, limits and draining.

What a worker is (a process here, an actor on a cluster) it knows by two small protocols only.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from harness.errors import UserError
from harness.execution.executor import Arrays, Finished, Settings, Stages, Started, Work
from harness.record import Reason, ReasonKind, Record

if TYPE_CHECKING:
    from harness.execution.plan import PlannedRun

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
    """A run that a worker is at, and since when: by the clock for people, by one that never jumps.

    `attempt`: 1 for the first.
    """

    run: PlannedRun
    attempt: int
    started: datetime
    began: float

    @classmethod
    def now(cls, run: PlannedRun, attempt: int) -> Assignment:
        """One that begins."""
        return cls(run, attempt, datetime.now(UTC), time.monotonic())


class Watched(Protocol):
    """What limits need to know of a worker."""

    @property
    def assignment(self) -> Assignment | None:
        """The run it is at."""
        ...

    def resident_bytes(self) -> int:
        """Main memory that it holds now."""
        ...


class Worker(Watched, Protocol):
    """Who executes one run after the other, somewhere else."""

    @property
    def idle(self) -> bool:
        """Whether it can be given a run."""
        ...

    @property
    def environment(self) -> Mapping[str, str] | None:
        """Facts of its machine; None where they are this process's own."""
        ...

    def give(self, run: PlannedRun, *, attempt: int) -> None:
        """Let it execute a run; one that is gone is found by `take`."""
        ...

    def take(self) -> tuple[Record, Arrays | None] | None:
        """What it sent: a result, or None if only a word about itself.

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
        self._waiting: deque[tuple[PlannedRun, int]] = deque((run, 1) for run in work.runs)
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
                if finished is not None:
                    # The worker has its next run before this one is stored.
                    yield from self._dispatch()
                    yield finished

    def _hire(self) -> None:
        """Get the workers that are missing, but no more than have something to do."""
        to_begin = 0 if self._work.draining.is_set() else len(self._waiting)
        wanted = min(self._crew.count, self._busy() + to_begin)
        while len(self._workers) < wanted:
            self._workers.append(self._crew.hire(self._workers))

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

    def _look_at(self, worker: W, *, news: bool) -> Finished | None:
        """What became of a worker's run, if anything; one that is gone is let go."""
        assignment = worker.assignment
        if news:
            try:
                result = worker.take()
            except (WorkerDied, Lost) as end:
                return self._gone(worker, end)
            self._false_starts = 0
            if assignment is not None and result is not None:
                return Finished(assignment.run, *result)
        over = exceeded(self._work.settings, worker)
        return None if over is None else self._ended(worker, *over)

    def _gone(self, worker: W, end: WorkerDied | Lost) -> Finished | None:
        """Have the run executed again, or give it up."""
        assignment = worker.assignment
        if assignment is None:
            self._false_starts += 1
            if self._false_starts > ATTEMPTS * self._crew.count:
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

    def _ended(self, worker: W, kind: ReasonKind, message: str) -> Finished:
        """The failed Record of a worker's run, of which nothing came back; the worker is let go."""
        assignment = worker.assignment
        assert assignment is not None
        record = self._work.bench.record(
            assignment.run,
            state="failed",
            started=assignment.started,
            environment=worker.environment,
            reason=Reason(kind=kind, message=message),
        )
        self._let_go(worker)
        return Finished(assignment.run, record, None)

    def _let_go(self, worker: W) -> None:
        worker.kill()
        self._workers.remove(worker)


def require_enforceable(settings: Settings) -> None:
    """Raise UserError for a limit that cannot be watched on this system."""
    if settings.memory_limit is not None and not sys.platform.startswith("linux"):
        raise UserError("--memory-limit: is watched through /proc, which only Linux has")


def wait_seconds(settings: Settings, workers: Sequence[Watched]) -> float | None:
    """How long to sleep before a limit may have been exceeded; None for as long as it takes."""
    began = [worker.assignment.began for worker in workers if worker.assignment]
    if not began:
        return None
    waits = [] if settings.memory_limit is None else [_LOOK_AT_MEMORY_EVERY]
    if settings.time_limit is not None:
        waits.append(max(0.0, min(began) + settings.time_limit - time.monotonic()))
    return min(waits, default=None)


def exceeded(settings: Settings, worker: Watched) -> tuple[ReasonKind, str] | None:
    """The limit that the worker's run exceeds, as a kind of reason and a sentence."""
    if worker.assignment is None:
        return None
    seconds = time.monotonic() - worker.assignment.began
    if settings.time_limit is not None and seconds >= settings.time_limit:
        return "out-of-time", f"took longer than the {settings.time_limit:g} s of --time-limit"
    if settings.memory_limit is not None and worker.resident_bytes() > settings.memory_limit:
        limit = settings.memory_limit / 2**20
        return "out-of-memory", f"held more than the {limit:g} MiB of --memory-limit"
    return None
