"""Worker processes as their parent sees them: begun, given runs, heard and ended."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from harness.artifacts import Arrays
from harness.errors import UserError
from harness.execution.crossing import core_digest, pack, pack_registry
from harness.execution.executor import Placement, Runs, Stages, Work
from harness.execution.machine import THREAD_VARIABLES, held_bytes
from harness.execution.shared_dataset import SharedDataset, shared
from harness.execution.team import Assignment, Team, WorkerDied, require_enforceable
from harness.execution.worker import NO_MORE, READY, REFUSED, Workplace, serve
from harness.record import Record

_GRACE_SECONDS = 5.0
_LEAVE_SECONDS = 2.0


def execute_in_processes(work: Work, placement: Placement) -> Stages:
    """Execute the runs in worker processes, one a placed device."""
    require_enforceable(work.settings)
    if not work.runs:
        return
    with shared(work.bench.dataset) as dataset:
        yield from Team(work, Processes(work, placement, dataset)).execute()


class Processes:
    """Worker processes of this machine, each at a place of its own."""

    def __init__(self, work: Work, placement: Placement, dataset: SharedDataset) -> None:
        self.count = len(placement.devices)
        self._placement = placement
        self._everywhere = Workplace(
            bench=pack(work.bench),
            core=core_digest(),
            registry=pack_registry(work.bench.registry),
            dataset=dataset,
            device="",
            threads=work.settings.threads,
        )

    def hire(self, beside: Sequence[WorkerProcess]) -> WorkerProcess:
        """A process at the first place that nobody has."""
        taken = {worker.slot for worker in beside}
        slot = next(slot for slot in range(self.count) if slot not in taken)
        place = replace(self._everywhere, device=self._placement.devices[slot])
        return WorkerProcess(place, slot, library_threads=self._placement.library_threads)

    def with_news(
        self, workers: Sequence[WorkerProcess], seconds: float | None
    ) -> list[WorkerProcess]:
        """Wait until a worker sends something or ends, no longer than `seconds`."""
        wait([one for worker in workers for one in worker.waitables], seconds)
        return [worker for worker in workers if worker.has_news()]

    def dismiss(self, workers: Sequence[WorkerProcess]) -> None:
        """End every worker: at once those that still run something."""
        for worker in workers:
            if worker.idle:
                worker.dismiss()
        for worker in workers:
            worker.kill(after=_LEAVE_SECONDS if worker.idle else 0.0)


class WorkerProcess:
    """One worker process, begun when this is made."""

    environment: Mapping[str, str] | None = None
    """Its machine is this one."""

    def __init__(self, place: Workplace, slot: int, *, library_threads: int) -> None:
        self.slot = slot
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, place), daemon=True)
        with _spawning({name: str(library_threads) for name in THREAD_VARIABLES}):
            self._process.start()
        theirs.close()
        self.ready = False
        self.assignment: Assignment | None = None

    @property
    def idle(self) -> bool:
        """Whether it can be given runs."""
        return self.ready and self.assignment is None

    @property
    def waitables(self) -> tuple[Connection | int, ...]:
        """What becomes ready when there is something to `take`."""
        return (self._connection, self._process.sentinel)

    def give(self, runs: Runs, *, attempt: int) -> None:
        """Let it execute runs: one, or several together."""
        self.assignment = Assignment.now(runs, attempt)
        try:
            self._connection.send_bytes(pack(runs))
        except OSError:
            return  # it is dead, which `take` will find

    def take(self) -> Sequence[tuple[Record, Arrays | None]]:
        """What it sent: a result, or none if only that it is ready.

        Raises WorkerDied if the process is gone, UserError if it refused to work.
        """
        try:
            content = self._connection.recv_bytes()
        except (EOFError, OSError):
            raise WorkerDied(self._how_it_ended()) from None
        if content == READY:
            self.ready = True
            return ()
        if content.startswith(REFUSED):
            raise UserError(content.removeprefix(REFUSED).decode())
        result: tuple[Record, Arrays | None] = pickle.loads(content)  # noqa: S301 - our worker's
        assert self.assignment is not None, "it was given what it sends the result of"
        self.assignment = self.assignment.without(result[0].run_id)
        return (result,)

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
