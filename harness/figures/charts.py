"""What charts of a whole board show: ranks, costs, learning curves, searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

import numpy as np

from harness.figures.sources import Entry, Sources
from harness.metrics import RANKED_BY, direction_of
from harness.record import Record
from harness.results import Board
from harness.results.board import Cost
from harness.results.replicates import at_looks, tried


@dataclass(frozen=True)
class AverageRanking:
    """Average ranks (1 is best) of the rows that have every ranked seed, best first.

    `difference`: Nemenyi's critical difference at 5 %, None for fewer than two seeds or entries.
    `cliques`: [first, last] of entries whose ranks differ by less than that, of two or more.
    `intervals`: lowest and highest rank that each may truly have among all rows of the board, as
    its `telling` has them; empty for fewer than two seeds. `left_out`: rows that lack a seed.
    """

    labels: tuple[str, ...]
    ranks: tuple[float, ...]
    intervals: tuple[tuple[int, int], ...]
    seeds: tuple[int, ...]
    difference: float | None
    cliques: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]


def average_ranking(
    sources: Sources, metric: str = RANKED_BY, *, higher_is_better: bool | None = None
) -> AverageRanking:
    """Rank the rows within each seed (ties share the mean rank) and average over seeds.

    The seeds are those that at least half of the rows have; a row that lacks one is left out and
    named. Where each may truly stand is what the board's paired tests say. `higher_is_better`: for
    a metric whose direction nobody recorded; UserError without.
    """
    from harness.statistics.across_datasets import average_ranks, critical_difference

    board = sources.board
    labels = [row.label for row in board.rows]
    every, values = board.values(metric)
    looked = [row.looked for row in board.rows]
    replicates = at_looks(values, every, looked).mean(axis=2)
    there = np.isfinite(replicates)
    common = there.any(axis=0) & (2 * there.sum(axis=0) >= there.any(axis=1).sum())
    kept = np.flatnonzero(there[:, common].all(axis=1) & common.any())
    left_out = tuple(label for row, label in enumerate(labels) if row not in kept)
    if not len(kept):
        return AverageRanking((), (), (), (), None, (), left_out)
    sign = 1.0 if direction_of(board.facts(metric), higher_is_better) else -1.0
    means = average_ranks(sign * replicates[np.ix_(kept, common)])
    ordered = [labels[row] for row in kept[np.argsort(means, kind="stable")]]
    ranks = tuple(sorted(means.tolist()))
    seeds = tuple(seed for seed, shared in zip(every, common, strict=True) if shared)
    enough = len(seeds) >= 2 and len(kept) >= 2
    difference = critical_difference(len(kept), len(seeds)) if enough else None
    return AverageRanking(
        labels=tuple(ordered),
        ranks=ranks,
        intervals=_intervals(board, metric, ordered, higher_is_better) if enough else (),
        seeds=seeds,
        difference=difference,
        cliques=_cliques(ranks, difference) if difference is not None else (),
        left_out=left_out,
    )


def _intervals(
    board: Board, metric: str, labels: Sequence[str], upward: bool | None
) -> tuple[tuple[int, int], ...]:
    telling = board.telling(metric, higher_is_better=upward)
    places = zip(telling.order, telling.found.rows, strict=True)
    known = {board.rows[row].label: one.ranks for row, one in places if one.ranks is not None}
    return tuple(known[label] for label in labels)


def _cliques(ranks: Sequence[float], difference: float) -> tuple[tuple[int, int], ...]:
    cliques: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(place for place, other in enumerate(ranks) if other - rank < difference)
        if last > first and (not cliques or last > cliques[-1][1]):
            cliques.append((first, last))
    return tuple(cliques)


@dataclass(frozen=True)
class CostAxis:
    """One way to count what a run cost."""

    title: str
    of: Callable[[Cost], float]


COSTS: Mapping[str, CostAxis] = {
    "training_seconds": CostAxis("training time (s a run)", lambda c: c.training_seconds),
    "images_embedded": CostAxis("images embedded (a run)", lambda c: c.images_embedded),
    "parameters": CostAxis("trainable parameters", lambda c: c.parameters),
    "backward_passes": CostAxis("backward passes a step", lambda c: c.backward_passes_per_step),
}


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the (cost, score) that no other point beats in both, cheapest first."""
    front: list[int] = []
    best = float("-inf")
    for place in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[place][1] > best:
            front.append(place)
            best = points[place][1]
    return front


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


@dataclass(frozen=True)
class Tried:
    """One trial; `value`: the mean validation value of its folds, None if one ended without."""

    trial: int
    value: float | None


@dataclass(frozen=True)
class SearchHistory:
    """One search of an entry: its finished trials in order."""

    search: int
    trials: tuple[Tried, ...]

    @property
    def best(self) -> list[float | None]:
        """The highest value up to each trial, None before the first."""
        return list(accumulate((trial.value for trial in self.trials), _higher))


def search_histories(entry: Entry) -> list[SearchHistory]:
    """The searches of an entry; none of a method that the protocol or the data do not admit."""
    found: dict[int, list[Record]] = {}
    for record in entry.trials:
        if record.identity.search is not None and record.state != "skipped":
            found.setdefault(record.identity.search, []).append(record)
    return [
        SearchHistory(search, tuple(Tried(trial, value) for trial, (_, value) in values.items()))
        for search, records in sorted(found.items())
        if (values := tried(records))
    ]


def search_metric(entries: Sequence[Entry]) -> str | None:
    """The metric that trials were compared by, None if none is known."""
    metrics = {search.metric for entry in entries for search in entry.row.searches} | {
        r.selected.metric for e in entries for r in e.trials if r.selected is not None
    }
    return next(iter(metrics), None)


def _higher(best: float | None, value: float | None) -> float | None:
    known = [one for one in (best, value) if one is not None]
    return max(known, default=None)
