"""A worker process as its parent sees it: give it a run, take what came of it, end it."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection

from harness.errors import UserError
from harness.execution.crossing import pack
from harness.execution.memory import held_bytes
from harness.execution.plan import PlannedRun
from harness.execution.run import Arrays
from harness.execution.worker import NO_MORE, READY, REFUSED, Workplace, serve
from harness.record import Record

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Assignment:
    """A run that a worker is at, and since when: by the clock for people, by one that never jumps.

    `attempt`: 1 for the first.
    """

    run: PlannedRun
    attempt: int
    started: datetime
    began: float


class Died(Exception):
    """The worker's process ended; the message says how."""


class WorkerProcess:
    """One worker process, begun when this is made."""

    def __init__(self, place: Workplace, *, library_threads: int) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, place), daemon=True)
        with _spawning({name: str(library_threads) for name in _THREAD_VARIABLES}):
            self._process.start()
        theirs.close()
        self.ready = False
        self.assignment: Assignment | None = None

    @property
    def idle(self) -> bool:
        """Whether it can be given a run."""
        return self.ready and self.assignment is None

    @property
    def waitables(self) -> tuple[Connection | int, ...]:
        """What becomes ready when there is something to `take`."""
        return (self._connection, self._process.sentinel)

    def give(self, run: PlannedRun, *, attempt: int) -> None:
        """Let it execute a run."""
        self.assignment = Assignment(run, attempt, datetime.now(UTC), time.monotonic())
        try:
            self._connection.send_bytes(pack(run))
        except OSError:
            return  # it is dead, which `take` will find

    def take(self) -> tuple[Record, Arrays | None] | None:
        """What it sent: a result, or None if only that it is ready.

        Raises Died if the process is gone, UserError if it refused to work.
        """
        try:
            content = self._connection.recv_bytes()
        except (EOFError, OSError):
            raise Died(self._how_it_ended()) from None
        if content == READY:
            self.ready = True
            return None
        if content.startswith(REFUSED):
            raise UserError(content.removeprefix(REFUSED).decode())
        self.assignment = None
        result: tuple[Record, Arrays | None] = pickle.loads(content)  # noqa: S301 - our worker's
        return result

    def has_news(self) -> bool:
        """Whether `take` would return or raise at once."""
        return self._connection.poll() or not self._process.is_alive()

    def resident_bytes(self) -> int:
        """Main memory that it and its processes hold now; 0 if it is gone."""
        assert self._process.pid is not None
        return held_bytes(self._process.pid)

    def dismiss(self) -> None:
        """Let it end by itself; `kill` reaps it."""
        try:
            self._connection.send_bytes(NO_MORE)
        except OSError:
            return

    def kill(self, *, after: float = 0.0) -> None:
        """End it now, or after so many seconds if it has not ended by itself."""
        if after:
            self._process.join(after)
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _how_it_ended(self) -> str:
        self._process.join(_GRACE_SECONDS)
        code = self._process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
            return f"its process was ended by {name}{hint}"
        return f"its process exited with code {code}"


@contextmanager
def _spawning(variables: Mapping[str, str]) -> Iterator[None]:
    """Inside, new processes get these variables, and none is hit by Ctrl-C before it is ready."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
