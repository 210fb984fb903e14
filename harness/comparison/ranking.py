"""All rows of a Board by one metric: ranks, tie groups and the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.comparison.class_sums import ClassSums, class_sums
from harness.results import Board
from harness.statistics import (
    Bootstrap,
    Interval,
    bootstrap_ranks,
    hierarchical_bootstrap,
)
from harness.store import Store

_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One row: its mean with t-interval, and where it may stand.

    `ties`, `lowest`, `highest`: letter and rank interval from the corrected paired tests, None
    below two replicates; all rank intervals hold together with 95 %. `resampled`: the ends of the
    bootstrap's interval; `first`: the share of its draws in which the row is the best.
    """

    label: str
    interval: Interval
    ties: str | None = None
    lowest: int | None = None
    highest: int | None = None
    resampled: tuple[float, float] | None = None
    first: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The rows, best first; how many seeds the bootstrap resampled, and which levels."""

    board: Board
    metric: str
    higher_is_better: bool
    rows: tuple[Ranked, ...]
    pairs: int
    seeds: int
    levels: tuple[str, ...]


def load_ranking(
    store: Store, board: Board, *, metric: str, higher_is_better: bool = True
) -> Ranking:
    """Rank the rows of a board of `store` by `metric`, with all that is known of each.

    The bootstrap is over the seeds that all rows of two replicates or more have, so that its
    draws are common; without such seeds, or scores by query, there is none. Raises UserError for
    an unknown metric or a damaged artifact.
    """
    metric = board.metric(metric).name
    telling = board.telling(metric, higher_is_better=higher_is_better)
    tested = [telling.order[place] for place in telling.tested]
    seeds = _common_seeds(board, metric, tested)
    drawn = _bootstrap(store, board, tested, seeds, metric)
    resampled = _resampled(drawn, tested, higher_is_better=higher_is_better)
    rows = []
    for place, row in enumerate(telling.order):
        ranks = telling.ranks[place]
        ends, first = resampled.get(row, (None, None))
        rows.append(
            Ranked(
                label=board.rows[row].label,
                interval=telling.intervals[place],
                ties=telling.ties[place],
                lowest=None if ranks is None else ranks[0],
                highest=None if ranks is None else ranks[1],
                resampled=ends,
                first=first,
            )
        )
    return Ranking(
        board=board,
        metric=metric,
        higher_is_better=higher_is_better,
        rows=tuple(rows),
        pairs=telling.pairs.family,
        seeds=len(seeds) if drawn else 0,
        levels=drawn.levels if drawn else (),
    )


def _common_seeds(board: Board, metric: str, tested: Sequence[int]) -> list[int]:
    """The seeds that all tested rows have in every fold."""
    seeds, values = board.values(metric)
    there = np.isfinite(values[list(tested)]).all(axis=(0, 2))
    return [seed for seed, common in zip(seeds, there.tolist(), strict=True) if common]


def _bootstrap(
    store: Store, board: Board, order: Sequence[int], seeds: Sequence[int], metric: str
) -> Bootstrap | None:
    if board.aggregate == "concatenated" or len(seeds) < 2 or len(order) < 1:
        return None
    found: list[ClassSums] = []
    for place in order:
        sums = class_sums(store, board.rows[place], seeds, metric)
        if sums is None or (found and not found[0].comparable(sums)):
            return None
        found.append(sums)
    return hierarchical_bootstrap(
        np.array([sums.sums for sums in found]), found[0].counts, seed=_SEED
    )


def _resampled(
    drawn: Bootstrap | None, order: Sequence[int], *, higher_is_better: bool
) -> dict[int, tuple[tuple[float, float], float]]:
    if drawn is None:
        return {}
    shares = bootstrap_ranks(drawn.draws, higher_is_better=higher_is_better)[:, 0]
    return {
        place: ((float(drawn.low[rank]), float(drawn.high[rank])), float(shares[rank]))
        for rank, place in enumerate(order)
    }
