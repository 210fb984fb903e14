"""Average ranks over replicates, how far apart two must be, and where each may truly stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.figures.sources import RANKED_BY, Entry


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Average ranks (1 is best) of the entries that have every ranked seed, best first.

    `difference`: Nemenyi's critical difference at 5 %, None for fewer than two seeds or entries.
    `cliques`: [first, last] of entries whose ranks differ by less than that, of two or more.
    `intervals`: lowest and highest rank that each may truly have, with 95 % for all together, by
    paired tests; empty for fewer than two seeds. `left_out`: entries that lack one of the seeds.
    """

    labels: tuple[str, ...]
    ranks: tuple[float, ...]
    intervals: tuple[tuple[int, int], ...]
    seeds: tuple[int, ...]
    difference: float | None
    cliques: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]


def rank_entries(entries: Sequence[Entry], metric: str = RANKED_BY) -> Ranking:
    """Rank the entries within each seed (ties share the mean rank) and average over seeds.

    The seeds are those that at least half of the entries have; an entry that lacks one is left
    out and named.
    """
    from harness.statistics import average_ranks, critical_difference

    scored = {entry.label: entry.values(metric) for entry in entries}
    seeds = _common_seeds([set(values) for values in scored.values() if values])
    kept = [label for label, values in scored.items() if seeds and set(seeds) <= set(values)]
    left_out = tuple(label for label in scored if label not in kept)
    table = np.array([[scored[label][seed] for seed in seeds] for label in kept])
    means = average_ranks(table) if kept else np.empty(0)
    order = np.argsort(means, kind="stable")
    ranks = tuple(means[order].tolist())
    enough = len(seeds) >= 2 and len(kept) >= 2
    difference = critical_difference(len(kept), len(seeds)) if enough else None
    return Ranking(
        labels=tuple(kept[place] for place in order),
        ranks=ranks,
        intervals=_intervals(table[order]) if enough else (),
        seeds=seeds,
        difference=difference,
        cliques=_cliques(ranks, difference) if difference is not None else (),
        left_out=left_out,
    )


def _intervals(table: np.ndarray) -> tuple[tuple[int, int], ...]:
    from harness.statistics import all_pairs, rank_intervals

    low, high = rank_intervals(all_pairs(table).better())
    return tuple(zip(low.tolist(), high.tolist(), strict=True))


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
