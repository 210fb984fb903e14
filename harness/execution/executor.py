"""What an executor is given and what it yields: the seam between a session and where runs run."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from harness.execution.plan import PlannedRun
from harness.execution.run import Arrays, Bench
from harness.record import Record


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to spend the machine; results are the same whatever stands here, but for `threads`.

    `workers`: runs at a time, None for as many as fill the machine. `threads`: processor threads
    that train one run. `workers_per_gpu`: how many of the workers share a GPU. `time_limit`:
    seconds a run may take. `memory_limit`: bytes of main memory that a worker may hold.
    `address`: of the cluster, for an executor that has one.
    """

    workers: int | None = 1
    threads: int = 1
    workers_per_gpu: int = 1
    time_limit: float | None = None
    memory_limit: int | None = None
    address: str | None = None

    @property
    def limited(self) -> bool:
        """Whether a run may have to be ended from outside."""
        return self.time_limit is not None or self.memory_limit is not None


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """The runs of one session, in the order in which they should begin.

    `draining`: once set, no further run is begun; those that are running are finished.
    """

    runs: Sequence[PlannedRun]
    bench: Bench
    settings: Settings = field(default_factory=Settings)
    draining: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Started:
    """A run begins."""

    run: PlannedRun


@dataclass(frozen=True, eq=False)
class Finished:
    """A run ended, in scores or in a reason; nothing of it is stored yet."""

    run: PlannedRun
    record: Record
    arrays: Arrays | None


Stage = Started | Finished
Stages = Generator[Stage, None, None]
