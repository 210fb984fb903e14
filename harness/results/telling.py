"""What the values of one metric tell of a board's rows: the one place where statistics come in.

Boards, comparisons, rankings, reports and figures all read a `Telling`; none tests by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics import (
    AllPairs,
    Interval,
    all_pairs,
    rank_intervals,
    t_interval,
    tie_letters,
)

LEVEL = 0.05
FEW = 5  # replicates; below, Student's t needs several times the difference that ten need

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Telling:
    """What is known of m rows by one metric; everything is in the order of `values`, best first.

    `order`: which row of the board each is. `values`: float64 (m, s, f), NaN where a row has no
    such replicate. `intervals`: of each row. `tested`: places of the rows with two replicates or
    more, which `pairs` compares in that order, positive where the first is better. `ties`: rows
    that share a letter cannot be told apart; `ranks`: lowest and highest that a row may truly
    have; both None for a row that was not tested. `note`: what the letters mean, if there are any.
    """

    order: tuple[int, ...]
    values: Floats
    intervals: tuple[Interval, ...]
    tested: tuple[int, ...]
    pairs: AllPairs
    ties: tuple[str | None, ...]
    ranks: tuple[tuple[int, int] | None, ...]
    note: str | None

    @property
    def replicates(self) -> Floats:
        """The mean over folds: (m, s), NaN where any fold is missing."""
        means: Floats = self.values.mean(axis=2)
        return means


def tell(
    values: Floats, order: Sequence[int], *, title: str, higher_is_better: bool = True
) -> Telling:
    """Compare the rows of a board by one metric.

    `values`: (m, s, f), best first. Rows share a letter unless the paired t-test over their common
    replicates, folds averaged, tells them apart at 5 % after Holm over all pairs. A row of one
    replicate has no letter: nothing is known of its noise.
    """
    replicates = values.mean(axis=2)
    there = np.isfinite(replicates)
    tested = np.flatnonzero(there.sum(axis=1) >= 2).tolist()
    sign = 1.0 if higher_is_better else -1.0
    pairs = all_pairs(sign * replicates[tested])
    ties: list[str | None] = [None] * len(values)
    ranks: list[tuple[int, int] | None] = [None] * len(values)
    letters = tie_letters(pairs.apart(LEVEL))
    lowest, highest = rank_intervals(pairs.better(LEVEL))
    for place, row in enumerate(tested):
        ties[row] = letters[place] if len(tested) > 1 else None
        ranks[row] = int(lowest[place]), int(highest[place])
    return Telling(
        order=tuple(order),
        values=values,
        intervals=tuple(
            interval_of(mine[known].tolist()) for mine, known in zip(values, there, strict=True)
        ),
        tested=tuple(tested),
        pairs=pairs,
        ties=tuple(ties),
        ranks=tuple(ranks),
        note=_note(there[tested].sum(axis=1), pairs.family, title) if len(tested) > 1 else None,
    )


def interval_of(replicates: Sequence[Sequence[float]]) -> Interval:
    """The interval of one row by one metric, from the folds of each complete replicate.

    Replicates that are not finite are left out, and so not counted.
    """
    means = [math.fsum(folds) / len(folds) for folds in replicates]
    return t_interval(means if math.isfinite(sum(means)) else list(filter(math.isfinite, means)))


def _note(replicates: npt.NDArray[np.int64], pairs: int, title: str) -> str:
    fewest = int(replicates.min())
    caution = f"; {fewest} replicates tell only large differences apart" if fewest < FEW else ""
    return (
        f"ties: rows that share a letter cannot be told apart by {title} (paired t-test over "
        f"replicates, 5 %, Holm over {pairs} {'pair' if pairs == 1 else 'pairs'}){caution}"
    )
