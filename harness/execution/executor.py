"""What an executor is given and what it yields: the seam between a session and where runs run."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from harness.execution.plan import PlannedRun
from harness.record import Record, State
from harness.settings import Settings

if TYPE_CHECKING:
    import torch

    from harness.data.dataset import Dataset
    from harness.extension import Metric
    from harness.protocol import Protocol
    from harness.registry import Registry

__all__ = ["Arrays", "Bench", "Finished", "Settings", "Stage", "Stages", "Started", "Work"]

Arrays = Mapping[str, npt.NDArray[Any]]
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
        rules = self.protocol
        return Record(
            identity=run.identity,
            declared=run.entrant.declared(rules),
            chosen_by=run.entrant.chosen_by,
            searched=run.entrant.searched,
            folds=rules.split.folds,
            replicates=rules.replicates,
            looks=rules.looks,
            state=state,
            environment={**environment, **({"together": str(together)} if together > 1 else {})},
            left_out=self.dataset.left_out,
            started=started.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            **measured,
        )


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
