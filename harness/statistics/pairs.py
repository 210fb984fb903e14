"""All pairs of many methods: paired t-tests over replicates, corrected together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.holm import holm
from harness.statistics.paired import paired_differences, paired_t_test

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class AllPairs:
    """Every pair of m methods, as (m, m) arrays: row against column.

    `differences`: mean of row minus column over their common replicates (NaN where there is
    none). `p_values`: two-sided, and `adjusted`: the same after Holm over all pairs; 1 on the
    diagonal and where there are fewer than two common replicates. `replicates`: how many are
    common. `family`: how many pairs were corrected together.
    """

    differences: Floats
    p_values: Floats
    adjusted: Floats
    replicates: npt.NDArray[np.int64]
    family: int

    def apart(self, level: float = 0.05) -> npt.NDArray[np.bool_]:
        """(m, m): which pairs can be told apart at the family-wise `level`."""
        told: npt.NDArray[np.bool_] = self.adjusted <= level
        return told

    def better(self, level: float = 0.05) -> npt.NDArray[np.bool_]:
        """(m, m): whether the row's method is higher than the column's, told apart at `level`."""
        higher: npt.NDArray[np.bool_] = self.apart(level) & (self.differences > 0)
        return higher


def all_pairs(scores: npt.ArrayLike) -> AllPairs:
    """Compare all pairs of methods over the replicates that both have.

    `scores`: (m, n), the mean over folds of each replicate, NaN where a method has none. What
    decides is the paired t-test over replicates and not the sign-flip test, which with three
    replicates cannot reject anything; see docs/statistics.md. Each pair has a noise of its own:
    pooling it would gain power and fail where one method is noisier than the others.
    """
    values = np.asarray(scores, np.float64)
    methods = len(values)
    first, second = np.triu_indices(methods, 1)
    differences = paired_differences(values[first], values[second])
    p = paired_t_test(differences)
    found = np.isfinite(differences)
    replicates = found.sum(axis=1)
    total = np.nansum(differences, axis=1)
    means = np.where(replicates > 0, total / np.maximum(replicates, 1), np.nan)
    return AllPairs(
        differences=_square(means, methods, diagonal=0.0, mirrored=-1.0),
        p_values=_square(p, methods, diagonal=1.0),
        adjusted=_square(holm(p), methods, diagonal=1.0),
        replicates=_counts(values),
        family=len(first),
    )


def _square(upper: Floats, size: int, *, diagonal: float, mirrored: float = 1.0) -> Floats:
    square = np.full((size, size), diagonal)
    first, second = np.triu_indices(size, 1)
    square[first, second] = upper
    square[second, first] = mirrored * upper
    return square


def _counts(values: Floats) -> npt.NDArray[np.int64]:
    there = np.isfinite(values).astype(np.int64)
    return there @ there.T
