"""The replicates of several rows as one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.leaderboard.board import Aggregate, Row


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreMatrix:
    """One metric of m rows: `values` float64 (m, s, f), NaN where a row has no such replicate.

    `seeds`: the s seeds that any row has, ascending. f is the number of folds, 1 for joined ones.
    """

    seeds: tuple[int, ...]
    values: npt.NDArray[np.float64]

    @property
    def replicates(self) -> npt.NDArray[np.float64]:
        """The mean over folds: (m, s), NaN where any fold is missing."""
        means: npt.NDArray[np.float64] = self.values.mean(axis=2)
        return means


def score_matrix(rows: Sequence[Row], metric: str, aggregate: Aggregate) -> ScoreMatrix:
    """Gather `metric` of all rows; what is missing or not finite is NaN."""
    found = [row.values(aggregate) for row in rows]
    seeds = tuple(sorted({seed for values in found for seed in values}))
    folds = max((len(runs) for values in found for runs in values.values()), default=1)
    columns = {seed: column for column, seed in enumerate(seeds)}
    matrix = np.full((len(rows), len(seeds), folds), np.nan)
    for place, values in enumerate(found):
        for seed, runs in values.items():
            scores = [run.get(metric) for run in runs]
            matrix[place, columns[seed], : len(scores)] = [
                np.nan if score is None else score for score in scores
            ]
    return ScoreMatrix(seeds=seeds, values=np.where(np.isfinite(matrix), matrix, np.nan))
