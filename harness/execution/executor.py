"""What an executor is given and what it yields: the seam between a session and where runs run."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from harness.execution.plan import PlannedRun
from harness.execution.run import Arrays, Bench
from harness.record import Record
from harness.settings import Settings

__all__ = ["Finished", "Settings", "Stage", "Stages", "Started", "Work"]


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
