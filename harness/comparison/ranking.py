"""All rows of a Leaderboard by one metric: ranks, tie groups and the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.comparison.class_sums import ClassSums, class_sums
from harness.comparison.comparison import LEVEL
from harness.comparison.pair import require_metric
from harness.leaderboard import Leaderboard, score_matrix
from harness.statistics import (
    Bootstrap,
    Interval,
    all_pairs,
    bootstrap_ranks,
    hierarchical_bootstrap,
    rank_intervals,
    t_interval,
    tie_letters,
)
from harness.store import Store

Floats = npt.NDArray[np.float64]
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

    board: Leaderboard
    metric: str
    higher_is_better: bool
    rows: tuple[Ranked, ...]
    pairs: int
    seeds: int
    levels: tuple[str, ...]


def load_ranking(
    store: Store, board: Leaderboard, *, metric: str, higher_is_better: bool = True
) -> Ranking:
    """Rank the rows of a board of `store` by `metric`, with all that is known of each.

    The bootstrap is over the seeds that all rows of two replicates or more have, so that its
    draws are common; without such seeds, or scores by query, there is none. Raises UserError for
    an unknown metric or a damaged artifact.
    """
    require_metric(board, metric)
    values = score_matrix(board.rows, metric, board.aggregate)
    sign = 1.0 if higher_is_better else -1.0
    counts = np.isfinite(values.replicates).sum(axis=1)
    best_first = _order(sign * values.replicates, counts)
    order = [place for place in best_first if counts[place] >= 2]
    pairs = all_pairs(sign * values.replicates[order])
    letters = tie_letters(pairs.apart(LEVEL))
    lowest, highest = rank_intervals(pairs.better(LEVEL))
    found = {
        place: (letters[rank], int(lowest[rank]), int(highest[rank]))
        for rank, place in enumerate(order)
    }
    common = np.flatnonzero(np.isfinite(values.replicates[order]).all(axis=0))
    seeds = [values.seeds[place] for place in common.tolist()]
    drawn = _bootstrap(store, board, order, seeds, metric)
    resampled = _resampled(drawn, order, higher_is_better=higher_is_better)
    rows = []
    for place in best_first:
        mine = values.replicates[place]
        letter, low, high = found.get(place, (None, None, None))
        ends, first = resampled.get(place, (None, None))
        rows.append(
            Ranked(
                label=board.rows[place].label,
                interval=t_interval(mine[np.isfinite(mine)].tolist()),
                ties=letter,
                lowest=low,
                highest=high,
                resampled=ends,
                first=first,
            )
        )
    return Ranking(
        board=board,
        metric=metric,
        higher_is_better=higher_is_better,
        rows=tuple(rows),
        pairs=pairs.family,
        seeds=len(seeds) if drawn else 0,
        levels=drawn.levels if drawn else (),
    )


def _order(scores: Floats, counts: npt.NDArray[np.int64]) -> list[int]:
    """Best mean first; rows without any value last."""
    means = np.nansum(scores, axis=1) / np.maximum(counts, 1)
    return sorted(range(len(scores)), key=lambda place: (counts[place] == 0, -means[place]))


def _bootstrap(
    store: Store, board: Leaderboard, order: Sequence[int], seeds: Sequence[int], metric: str
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
