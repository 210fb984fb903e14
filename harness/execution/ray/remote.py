"""The session's end of a worker: what it was given, what comes back, and how it may be lost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.errors import UserError
from harness.execution.crossing import pack
from harness.execution.plan import PlannedRun
from harness.execution.process import Assignment, Died
from harness.execution.ray.capacity import Demand
from harness.execution.ray.cargo import Cargo
from harness.execution.ray.worker import Place, Refusal, Worker
from harness.execution.run import Arrays
from harness.record import Record

_WATCHING = "watching"
_LAST_WORD_SECONDS = 10.0


class Lost(Exception):
    """The worker's node is gone or out of reach, or the result was lost on its way."""


@dataclass(frozen=True)
class Hiring:
    """What all workers of a session have in common. `dataset`: a reference to the put one."""

    ray: Any
    actor: Any
    cargo: Cargo
    dataset: Any
    memory_limit: int | None


def hiring(
    ray: Any, cargo: Cargo, dataset: Any, wanted: Demand, memory_limit: int | None
) -> Hiring:
    """Tell Ray what a worker is and what it takes."""
    # A call that watches needs a thread beside the one that executes.
    groups = {} if memory_limit is None else {"concurrency_groups": {_WATCHING: 1}}
    actor = ray.remote(
        **groups,
        num_cpus=wanted.cpus,
        num_gpus=wanted.gpus,
        max_restarts=0,
        scheduling_strategy="SPREAD",
    )(Worker)
    return Hiring(ray, actor, cargo, dataset, memory_limit)


class RemoteWorker:
    """One worker, asked for when this is made; it begins where and when there is room."""

    def __init__(self, hiring: Hiring) -> None:
        self._ray = hiring.ray
        self._actor = hiring.actor.remote(hiring.cargo, hiring.dataset)
        self._memory_limit = hiring.memory_limit
        self._begins: Any = self._actor.begin.remote()
        self._result: Any = None
        self._alarm: Any = None
        self._resident = 0
        self.place: Place | None = None
        self.assignment: Assignment | None = None

    @property
    def idle(self) -> bool:
        """Whether it can be given a run."""
        return self.place is not None and self.assignment is None

    @property
    def waitables(self) -> list[Any]:
        """References that become ready when there is something to `take`."""
        every = (self._begins, self._result, self._alarm)
        return [reference for reference in every if reference is not None]

    @property
    def environment(self) -> Mapping[str, str]:
        """Facts of its machine; none before it begins."""
        return self.place.environment if self.place else {}

    def give(self, run: PlannedRun, *, attempt: int) -> None:
        """Let it execute a run."""
        self.assignment = Assignment(run, attempt, datetime.now(UTC), time.monotonic())
        self._result = self._actor.execute.remote(run.run_id, pack(run))
        if self._memory_limit is not None:
            watch = self._actor.watch.options(concurrency_group=_WATCHING)
            self._alarm = watch.remote(run.run_id, self._memory_limit)

    def take(self, reference: Any) -> tuple[Record, Arrays | None] | None:
        """What it sent by this reference: a result, or None if only a word about itself.

        Raises Died if its process is gone, Lost if its node is, UserError if it refused to work.
        """
        content = self._fetch(reference)
        if isinstance(content, Refusal):
            raise UserError(content.line)
        if reference == self._begins:
            self._begins, self.place = None, content
            return None
        if reference == self._alarm:
            self._alarm, self._resident = None, content
            return None
        # An alarm that rings after the run is about nothing.
        self._result = self._alarm = self.assignment = None
        self._resident = 0
        result: tuple[Record, Arrays | None] = content
        return result

    def resident_bytes(self) -> int:
        """Main memory that it held when that was too much for its run; 0 until then."""
        return self._resident

    def leave(self) -> Any:
        """Let it tidy up; a reference to wait for."""
        return self._actor.leave.remote()

    def kill(self) -> None:
        """End it now, wherever it is."""
        self._ray.kill(self._actor)

    def _fetch(self, reference: Any, timeout: float | None = None) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference, timeout=timeout)
        except errors.RayTaskError:
            raise  # a fault of ours: a run never raises
        except errors.OutOfMemoryError:
            raise Died(
                f"Ray ended its process{self._where()}: its node ran out of memory"
            ) from None
        except errors.ActorDiedError as error:
            if error.actor_init_failed:
                reason = str(error).strip().splitlines()[-1]
                raise UserError(f"a worker cannot begin: {reason}") from error
            if self.place is None or self._node_lives():
                raise Died(f"its process ended{self._where()}") from None
            raise Lost(f"its node was lost{self._where()}") from None
        except errors.ActorUnavailableError as error:
            # The line to it broke; that its process ended may be known only a little later.
            if timeout is None:
                self._fetch(self.leave(), timeout=_LAST_WORD_SECONDS)
            raise Lost(f"it was out of reach{self._where()}") from error
        except errors.RayError as error:
            raise Lost(f"it was lost{self._where()}: {type(error).__name__}") from None

    def _where(self) -> str:
        return f" on node {self.place.address}" if self.place else ""

    def _node_lives(self) -> bool:
        assert self.place is not None
        return any(
            node["Alive"] and node["NodeID"] == self.place.node for node in self._ray.nodes()
        )
