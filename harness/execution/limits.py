"""When a run has had its time or its memory, and how often to look."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Protocol

from harness.errors import UserError
from harness.execution.executor import Settings
from harness.execution.process import Assignment
from harness.record import ReasonKind

_LOOK_AT_MEMORY_EVERY = 0.05


class Watched(Protocol):
    """What limits need to know of a worker."""

    @property
    def assignment(self) -> Assignment | None:
        """The run it is at."""
        ...

    def resident_bytes(self) -> int:
        """Main memory that it holds now."""
        ...


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
