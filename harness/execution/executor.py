"""What an executor is given and what it yields; and the executor of this machine."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.artifacts import Arrays
from harness.execution.plan import PlannedRun
from harness.record import Record, State
from harness.settings import Settings

if TYPE_CHECKING:
    import torch

    from harness.data.dataset import Dataset
    from harness.hookspecs import Metric
    from harness.protocol import Protocol
    from harness.registry import Registry


__all__ = ["Arrays", "Bench", "Finished", "Settings", "Stage", "Stages", "Started", "Work"]

Runs = tuple[PlannedRun, ...]


@dataclass(frozen=True, eq=False)
class Bench:
    """What all runs of a session share. `keep_weights`: runs leave their embedders too.

    `sandbox`: as in `Settings`.
    """

    registry: Registry
    protocol: Protocol
    dataset: Dataset
    device: torch.device
    keep_weights: bool = False
    sandbox: bool | None = None

    def fence(self) -> None:
        """Have this process fence plugins as the session does."""
        from harness import sandbox

        sandbox.choose(self.sandbox, card=self.device.type == "cuda")

    @property
    def metrics(self) -> list[Metric]:
        """Further scores that plugins offer."""
        return [registered.item for registered in self.registry.metrics.values()]

    def record(
        self,
        run: PlannedRun,
        *,
        state: State,
        started: datetime,
        environment: Mapping[str, str] | None = None,
        together: int = 1,
        **measured: Any,
    ) -> Record:
        """The Record of a run that ended now: every Record of a run is made here.

        `environment`: facts of the machine that it ran on, by default of this one. `together`: how
        many runs were trained together with it, itself among them. `measured`: what the run itself
        found, by the names of the Record's fields.
        """
        if environment is None:
            from harness.execution.machine import environment as facts

            environment = facts(self.device)
        return Record(
            **self.known(run),
            state=state,
            environment={**environment, **({"together": str(together)} if together > 1 else {})},
            started=started.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            **measured,
        )

    def known(self, run: PlannedRun) -> dict[str, Any]:
        """What a run's Record says that is known before it is executed, by the names of fields."""
        rules = self.protocol
        return {
            "identity": run.identity,
            "declared": run.entrant.declared(rules),
            "chosen_by": run.entrant.chosen_by,
            "searched": run.entrant.searched,
            "folds": rules.split.folds,
            "replicates": rules.replicates,
            "looks": rules.looks,
            "left_out": self.dataset.left_out,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """The runs of one session, in the order in which they should begin.

    `draining`: once set, no further run is begun; those that are running are finished.
    """

    runs: Sequence[PlannedRun]
    bench: Bench
    settings: Settings = field(default_factory=Settings)
    draining: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def groups(self) -> list[Runs]:
        """The runs as they are to be given to a worker: one each, or several to train together."""
        if self.settings.together <= 1:
            return [(run,) for run in self.runs]
        from harness.execution.cohort import cohorts

        return cohorts(self.runs, self.bench, self.settings.together)


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


def execute_group(runs: Runs, bench: Bench) -> Iterator[Finished]:
    """Execute a run, or several together; what is done is told at once."""
    if len(runs) == 1:
        from harness.execution.run import execute

        yield Finished(runs[0], *execute(runs[0], bench))
    else:
        from harness.execution.together import execute_together

        yield from execute_together(runs, bench)


Stage = Started | Finished
Stages = Generator[Stage, None, None]


def execute_locally(work: Work) -> Stages:
    """Execute the runs in as many processes as the settings say; one without limits, in this one.

    A run whose process dies is tried once more, in a new one, and then recorded as `died`.
    """
    placement = place_workers(work.bench.device, work.settings, runs=len(work.groups))
    if len(placement.devices) <= 1 and not work.settings.limited:
        return execute_inline(work)
    from harness.execution.process import execute_in_processes

    return execute_in_processes(work, placement)


def execute_inline(work: Work) -> Stages:
    """Execute the runs here: one that hangs or kills the process does so to the session."""
    if not work.runs:
        return
    from harness.execution.machine import set_threads, warm

    set_threads(work.settings.threads)
    with warm():
        for runs in work.groups:
            if work.draining.is_set():
                return
            yield from map(Started, runs)
            yield from execute_group(runs, work.bench)


@dataclass(frozen=True)
class Placement:
    """The device of each worker, by name.

    `library_threads`: of the matrix libraries in each worker, which fill the cores together.
    """

    devices: tuple[str, ...]
    library_threads: int


def place_workers(device: torch.device, settings: Settings, *, runs: int) -> Placement:
    """Place the workers; on `cuda` without a number they go round all GPUs.

    `runs`: how many there are to do, those that are trained together as one; more workers than
    that would idle.
    """
    devices = _devices(device)
    cores = _cores()
    fill = (
        len(devices) * settings.workers_per_gpu
        if device.type == "cuda"
        else cores // settings.threads
    )
    count = max(1, min(fill if settings.workers is None else settings.workers, runs))
    return Placement(
        devices=tuple(devices[slot % len(devices)] for slot in range(count)),
        library_threads=max(settings.threads, cores // count, 1),
    )


def _devices(device: torch.device) -> list[str]:
    if device.type == "cuda" and device.index is None:
        import torch

        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return [str(device)]


def _cores() -> int:
    """Cores that this process may use, by affinity and by the quota of its container."""
    import joblib

    count: int = joblib.cpu_count()
    return count
