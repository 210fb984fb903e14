"""What an executor is given and what it yields: the seam between a session and where runs run."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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


@dataclass(frozen=True, eq=False)
class Bench:
    """What all runs of a session share. `keep_weights`: runs leave their embedders too."""

    registry: Registry
    protocol: Protocol
    dataset: Dataset
    device: torch.device
    keep_weights: bool = False

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
        **measured: Any,
    ) -> Record:
        """The Record of a run that ended now: every Record of a run is made here.

        `environment`: facts of the machine that it ran on, by default of this one. `measured`: what
        the run itself found, by the names of the Record's fields.
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
            environment=dict(environment),
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
