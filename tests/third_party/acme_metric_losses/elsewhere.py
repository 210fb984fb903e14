"""An executor that sends each run away as bytes, though no farther than here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.executors import Finished, Started, execute, pack, unpack

from acme_metric_losses.journal import note

if TYPE_CHECKING:
    from harness.executors import Stages, Work


def execute_elsewhere(work: Work) -> Stages:
    """Execute one run after the other, each from the bytes that would reach another machine."""
    for run in work.runs:
        if work.draining.is_set():
            return
        yield Started(run)
        arrived = unpack(pack(run), work.bench.registry, work.bench.dataset)
        note("executed", run=arrived.run_id)
        yield Finished(run, *execute(arrived, work.bench))
