"""Runs on a Ray cluster: its workers, what each was given, what comes back, and how it is lost."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.artifacts import Arrays
from harness.errors import UserError
from harness.execution.crossing import pack
from harness.execution.executor import Runs, Stages, Work
from harness.execution.ray.capacity import Demand, count_workers, demand
from harness.execution.ray.cargo import Cargo, cargo_of
from harness.execution.ray.connection import connected
from harness.execution.ray.worker import Actor, Place, Refusal
from harness.execution.team import Assignment, Lost, Team, WorkerDied, require_enforceable
from harness.record import Record

_WATCHING = "watching"
_LAST_WORD_SECONDS = 10.0
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
    with connected(work.settings.address) as ray:
        yield from Team(work, _crew(work, ray)).execute()


def _crew(work: Work, ray: Any) -> RemoteWorkers:
    wanted = demand(work.bench.device, work.settings)
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    count = count_workers(wanted, nodes, work.settings, runs=len(work.groups))
    terms = hiring(ray, cargo_of(work), _put(work, ray), wanted, work.settings.memory_limit)
    return RemoteWorkers(terms, count)


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


class RemoteWorkers:
    """Actors of one session, wherever the cluster has room for them."""

    def __init__(self, terms: Hiring, count: int) -> None:
        self.count = count
        self._terms = terms

    def hire(self, beside: Sequence[RemoteWorker]) -> RemoteWorker:  # noqa: ARG002 - of the protocol
        """Ask for one more."""
        return RemoteWorker(self._terms)

    def with_news(
        self, workers: Sequence[RemoteWorker], seconds: float | None
    ) -> list[RemoteWorker]:
        """Wait until one has news, for `seconds` at most, and look often at whether to drain."""
        timeout = _LOOK_EVERY if seconds is None else min(seconds, _LOOK_EVERY)
        waitables = [one for worker in workers for one in worker.waitables]
        ready, _ = self._terms.ray.wait(waitables, num_returns=1, timeout=timeout)
        heard = set(ready)
        return [worker for worker in workers if not heard.isdisjoint(worker.waitables)]

    def dismiss(self, workers: Sequence[RemoteWorker]) -> None:
        """End every worker: at once those that still run something."""
        leaving = [worker.leave() for worker in workers if worker.idle]
        if leaving:
            self._terms.ray.wait(leaving, num_returns=len(leaving), timeout=_LEAVE_SECONDS)
        for worker in workers:
            worker.kill()


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
    )(Actor)
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
        """Whether it can be given runs."""
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

    def give(self, runs: Runs, *, attempt: int) -> None:
        """Let it execute runs: one, or several together."""
        self.assignment = Assignment.now(runs, attempt)
        first = runs[0].run_id
        self._result = self._actor.execute.remote(first, pack(runs))
        if self._memory_limit is not None:
            watch = self._actor.watch.options(concurrency_group=_WATCHING)
            self._alarm = watch.remote(first, self._memory_limit)

    def take(self) -> Sequence[tuple[Record, Arrays | None]]:
        """What it sent: results, or none if only a word about itself.

        Raises WorkerDied if its process is gone, Lost if its node is, UserError if it refuses work.
        """
        waiting = self.waitables
        ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        for reference in waiting:  # the result before an alarm, which is then about nothing
            if reference in ready:
                results = self._taken(reference)
                if results:
                    return results
        return ()

    def _taken(self, reference: Any) -> Sequence[tuple[Record, Arrays | None]]:
        content = self._fetch(reference)
        if isinstance(content, Refusal):
            raise UserError(content.line)
        if reference == self._begins:
            self._begins, self.place = None, content
            return ()
        if reference == self._alarm:
            self._alarm, self._resident = None, content
            return ()
        # An alarm that rings after the runs is about nothing.
        self._result = self._alarm = self.assignment = None
        self._resident = 0
        results: Sequence[tuple[Record, Arrays | None]] = content
        return results

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
            raise WorkerDied(
                f"Ray ended its process{self._where()}: its node ran out of memory"
            ) from None
        except errors.ActorDiedError as error:
            if error.actor_init_failed:
                reason = str(error).strip().splitlines()[-1]
                raise UserError(f"a worker cannot begin: {reason}") from error
            if self.place is None or self._node_lives():
                raise WorkerDied(f"its process ended{self._where()}") from None
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
