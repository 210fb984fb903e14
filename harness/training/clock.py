"""What a run takes, by the wall and of this process's processor, alone or its share with others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds of one run: those that were spent on it alone, and its share of those on several."""

    def __init__(self) -> None:
        self._spent = (0.0, 0.0)
        self._since: tuple[float, float] | None = None
        self._share = 1.0

    def start(self, share: float = 1.0) -> None:
        """Count from now on; `share`: which part of it is this run's."""
        self._since, self._share = _now(), share

    def stop(self) -> None:
        """Count no longer."""
        self._spent, self._since = self._read(), None

    @property
    def seconds(self) -> float:
        """Wall seconds until now."""
        return self._read()[0]

    @property
    def processor_seconds(self) -> float:
        """Seconds that this process has computed until now."""
        return self._read()[1]

    def _read(self) -> tuple[float, float]:
        wall, processor = self._spent
        if self._since is None:
            return wall, processor
        then, now = self._since, _now()
        return (
            wall + self._share * (now[0] - then[0]),
            processor + self._share * (now[1] - then[1]),
        )


@contextmanager
def spent_on(*clocks: Clock) -> Iterator[None]:
    """What passes inside is spent on these runs, in equal parts."""
    for clock in clocks:
        clock.start(1 / len(clocks))
    try:
        yield
    finally:
        for clock in clocks:
            clock.stop()


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()
