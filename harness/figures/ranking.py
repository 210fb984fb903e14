"""Average ranks over replicates, how far apart two must be, and where each may truly stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.figures.sources import Sources
from harness.metrics import RANKED_BY, direction_of
from harness.results import Board


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
    from harness.statistics import average_ranks, critical_difference

    board = sources.board
    scored = {entry.label: entry.values(metric) for entry in sources.entries}
    seeds = _common_seeds([set(values) for values in scored.values() if values])
    kept = [label for label, values in scored.items() if seeds and set(seeds) <= set(values)]
    left_out = tuple(label for label in scored if label not in kept)
    if not kept:
        return AverageRanking((), (), (), (), None, (), left_out)
    sign = 1.0 if direction_of(board.facts(metric), higher_is_better) else -1.0
    means = average_ranks(sign * np.array([[scored[label][s] for s in seeds] for label in kept]))
    labels = [kept[place] for place in np.argsort(means, kind="stable")]
    ranks = tuple(sorted(means.tolist()))
    enough = len(seeds) >= 2 and len(kept) >= 2
    difference = critical_difference(len(kept), len(seeds)) if enough else None
    return AverageRanking(
        labels=tuple(labels),
        ranks=ranks,
        intervals=_intervals(board, metric, labels, higher_is_better) if enough else (),
        seeds=seeds,
        difference=difference,
        cliques=_cliques(ranks, difference) if difference is not None else (),
        left_out=left_out,
    )


def _intervals(
    board: Board, metric: str, labels: Sequence[str], upward: bool | None
) -> tuple[tuple[int, int], ...]:
    telling = board.telling(metric, higher_is_better=upward)
    places = zip(telling.order, telling.ranks, strict=True)
    known = {board.rows[row].label: span for row, span in places if span is not None}
    return tuple(known[label] for label in labels)


def _common_seeds(found: Sequence[set[int]]) -> tuple[int, ...]:
    every = set().union(*found)
    return tuple(sorted(s for s in every if 2 * sum(s in seeds for seeds in found) >= len(found)))


def _cliques(ranks: Sequence[float], difference: float) -> tuple[tuple[int, int], ...]:
    cliques: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(place for place, other in enumerate(ranks) if other - rank < difference)
        if last > first and (not cliques or last > cliques[-1][1]):
            cliques.append((first, last))
    return tuple(cliques)
