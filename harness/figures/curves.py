"""Learning curves: what validation said at each step, over all runs of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from harness.figures.sources import Entry


@dataclass(frozen=True)
class Checkpoint:
    """The validation values of the runs that reached a step.

    `mean`: of all of them. `low`, `high`: of the seeds, each the mean of its folds. `runs`: how
    many.
    """

    step: int
    mean: float
    low: float
    high: float
    runs: int


def learning_curve(entry: Entry) -> list[Checkpoint]:
    """The checkpoints of an entry in the order of their steps; none for what does not train."""
    found: dict[int, dict[int, list[float]]] = {}
    for record in entry.records:
        if record.state == "done" and record.selected is not None:
            for step, value in record.selected.history:
                found.setdefault(step, {}).setdefault(record.identity.seed, []).append(value)
    return [_checkpoint(step, list(seeds.values())) for step, seeds in sorted(found.items())]


def _checkpoint(step: int, seeds: Sequence[Sequence[float]]) -> Checkpoint:
    every = [value for values in seeds for value in values]
    means = [fmean(values) for values in seeds]
    return Checkpoint(step, fmean(every), min(means), max(means), len(every))


def selection_metric(entries: Sequence[Entry]) -> str | None:
    """The metric that validation selected by, None if nothing was selected."""
    metrics = (r.selected.metric for e in entries for r in e.records if r.selected is not None)
    return next(metrics, None)
