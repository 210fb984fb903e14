"""All pairs of methods of a board: differences, noise, and which are told apart (Holm)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics import (
    ROUNDING,
    SeedEffect,
    SharedNoise,
    by_units,
    complete,
    fold_shares,
    over_seeds,
    p_without_variance,
    paired_differences,
    shared_noise,
)
from harness.statistics.intervals import Interval, t_p_values, t_quantile


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjusted p-values, in the order given: reject where they are at most the level.

    `p_values`: (m,). The i-th smallest is multiplied by m - i + 1 and never falls below the one
    before it (Holm 1979). Controls the probability of any false rejection whatever the
    dependence, so also for all pairs of methods, which share their members.
    """
    p = np.asarray(p_values, np.float64)
    if p.size and not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError("p-values lie between 0 and 1")
    order = np.argsort(p, kind="stable")
    steps = np.minimum(p[order] * np.arange(p.size, 0, -1), 1.0)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ENOUGH_TO_SHARE = 12  # rows; of fewer the scatter of their variances says too little
FLOOR = 0.1  # of the median variance; less is luck
OWN_SHARE = 0.5  # of the level, where noise is shared; the rest goes to the shared reading
SECOND = 10.0  # a shared reading counts only where the pair's own p is below level / SECOND


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardPairs:
    """Every pair of m methods, as (m, m) arrays: row against column.

    `differences`: mean of row minus column over the replicates that both have, NaN where there is
    none. `errors`: their standard errors, never below what the board's floor allows, and
    `degrees`: the degrees of freedom of these as Satterthwaite counts them; NaN below two common
    replicates. `own_errors`: those of intervals, never above `errors`: without the floor where any
    noise was measured, and corrected only for a seed effect that `widens` intervals.
    `p_values`: two-sided, each pair by itself. `shared`: the same read with shared noise, None on
    boards too small for it. `adjusted`: over all pairs; at most 0.05 tells two apart. All p-values
    are 1 on the diagonal and below two common replicates. `replicates`: how many are common.
    `family`: how many pairs were corrected together. `noise`: the standard deviation of a unit's
    difference about its fold's mean, as believed; `folds`, how many units make a replicate,
    `shares` (f,), each one's of the noise, and `units`, how many equally noisy ones they amount to,
    1 where a seed is the unit. `seeded` (m,): methods of which it is. `effect`: whether seeds had
    to be units of all.
    `looks`: at how many declared numbers of seeds the board is read; every p-value is multiplied by
    it, and intervals are as much wider, so that the level holds for all of them together.
    """

    differences: Floats
    errors: Floats
    own_errors: Floats
    degrees: Floats
    p_values: Floats
    shared: Floats | None
    adjusted: Floats
    replicates: npt.NDArray[np.int64]
    family: int
    noise: Floats
    folds: int
    shares: Floats
    seeded: Bools
    units: Floats
    prior: SharedNoise | None
    effect: SeedEffect
    looks: int = 1

    def apart(self, level: float = 0.05) -> Bools:
        """(m, m): which pairs can be told apart, with any false claim at most at `level`."""
        told: Bools = self.adjusted <= level
        return told

    def better(self, level: float = 0.05) -> Bools:
        """(m, m): whether the row's method is higher than the column's, told apart at `level`."""
        higher: Bools = self.apart(level) & (self.differences > 0)
        return higher

    def of(self, row: int, column: int, confidence: float = 0.95) -> PairedDifference:
        """One pair by itself: its interval excludes zero if the two are told apart."""
        mean, error = float(self.differences[row, column]), float(self.own_errors[row, column])
        n = int(self.replicates[row, column])
        tested = n > 1
        low, high = None, None
        if tested and error > ROUNDING * abs(mean):
            seed = self.seeded[row] or self.seeded[column]
            shares = np.ones(1) if seed else self.shares
            half = t_quantile(shares, n, 1.0 - (1.0 - confidence) / self.looks) * error
            low, high = mean - half, mean + half
        return PairedDifference(
            interval=Interval(mean=mean if n else None, low=low, high=high, n=n),
            noise=float(self.noise[row, column]) if tested else None,
            p_value=float(self.p_values[row, column]) if tested else None,
        )


def all_pairs(
    values: npt.ArrayLike,
    *,
    by_seeds: npt.ArrayLike = False,
    floor: float = FLOOR,
    looks: int = 1,
) -> BoardPairs:
    """Compare all pairs of methods on the seeds that both have, within folds.

    `values`: (m, n, f), replicates by fold, NaN where a method has none; f is 1 where a seed is
    the unit. The difference is the mean over seeds and folds; its noise is measured within folds,
    where runs are independent (f (n - 1) degrees of freedom, fewer where folds differ in noise).
    `by_seeds`: bool (m,) or one for all, methods whose folds share more than their seed, so that
    seeds are the units of their pairs (n - 1 degrees).
    Where the folds of a seed are seen to share noise it is larger by as much, or seeds become the
    units (`seed_effect`). It is not believed below `floor` medians of all pairs' variances.

    From twelve methods on, noise is also shared between pairs: a pair is told apart by its own
    noise at half the level, or by the shared at the other half if its own p-value is below a
    tenth of the level, each after Holm. So a pair that is told apart has an interval of its own
    that excludes zero. `looks`: how many declared looks share the level (Bonferroni). Why, and how
    far it holds: docs/statistics-derivations.md.
    """
    found, seeded, effect = by_units(complete(values), by_seeds)
    methods, folds = len(found), found.shape[2]
    first, second = np.triu_indices(methods, 1)
    mean, variance, count = _within_folds(found, first, second)
    own = variance * (effect.excess if effect.widens else 1.0)
    variance = variance * effect.excess
    coarse = seeded[first] | seeded[second]
    if coarse.any():  # of a mean over f folds: a run's would be f times as large
        _, whole, _ = _within_folds(over_seeds(found), first[coarse], second[coarse])
        variance[coarse] = own[coarse] = folds * whole
    shares = fold_shares(found[~seeded], common=True)
    units = np.where(coarse, 1.0, 1.0 / float(np.square(shares).sum()))
    tested = count > 1
    degrees = np.where(tested, units * (count - 1), np.nan)
    least = floor * float(np.median(variance[tested])) if tested.any() else 0.0
    believed = np.where(tested, np.maximum(variance, least), np.nan)
    own = np.where(own > 0.0, own, believed)
    runs = np.maximum(count * folds, 1)
    p = _p_values(mean, believed / runs, count, shares)
    if coarse.any():
        p = np.where(coarse, _p_values(mean, believed / runs, count, np.ones(1)), p)
    p = np.minimum(1.0, looks * p)
    prior = None
    if methods >= ENOUGH_TO_SHARE:
        prior = shared_noise(np.where(variance > 0.0, believed, np.nan), degrees, first, second)
    adjusted, shared = holm(p), None
    if prior is not None:
        pooled = prior.variances(believed, degrees) / runs
        shared = _p_values(mean, pooled, count, shares, degrees=degrees + prior.degrees)
        shared = np.minimum(1.0, looks * shared)
        seconded = np.maximum(holm(shared) / (1.0 - OWN_SHARE), SECOND * p)
        adjusted = np.minimum(1.0, np.minimum(adjusted / OWN_SHARE, seconded))
    return BoardPairs(
        differences=_square(mean, methods, diagonal=0.0, mirrored=-1.0),
        errors=_square(np.sqrt(believed / runs), methods, diagonal=0.0),
        own_errors=_square(np.sqrt(own / runs), methods, diagonal=0.0),
        degrees=_square(degrees, methods, diagonal=np.nan),
        p_values=_square(p, methods, diagonal=1.0),
        shared=None if shared is None else _square(shared, methods, diagonal=1.0),
        adjusted=_square(adjusted, methods, diagonal=1.0),
        replicates=_counts(found),
        family=len(first),
        noise=_square(np.sqrt(believed), methods, diagonal=0.0),
        folds=folds,
        shares=shares,
        seeded=seeded,
        units=_square(units, methods, diagonal=1.0),
        prior=prior,
        effect=effect,
        looks=looks,
    )


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """The mean difference of two methods over their common replicates.

    `noise` is the standard deviation of a run's difference within its fold, `p_value` that of the
    two-sided test by itself; both are None for fewer than two replicates. So are the interval's
    ends, which are also None where no noise was measured.
    """

    interval: Interval
    noise: float | None
    p_value: float | None


def paired_difference(first: npt.ArrayLike, second: npt.ArrayLike) -> PairedDifference:
    """Compare two methods that were named beforehand; `first - second` with its interval and test.

    Both: (n,) or (n, f), entry i of the same replicate; without folds a replicate is the unit.
    Raises ValueError for values that are not finite or not as many.
    """
    both = np.stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    if not np.isfinite(both).all():
        raise ValueError("a comparison needs finite values; leave the others out and count them")
    return all_pairs(both, floor=0.0).of(0, 1)


def _p_values(
    mean: Floats,
    squared_error: Floats,
    replicates: npt.NDArray[np.int64],
    shares: Floats,
    *,
    degrees: Floats | None = None,
) -> Floats:
    """Two-sided p-values; 1 where there is no noise to go by (NaN).

    By folds of these `shares` of the noise, or Student's where `degrees` are given. Without any
    variance those of `p_without_variance`.
    """
    from scipy.special import stdtr

    error = np.sqrt(squared_error)
    flat = error <= ROUNDING * np.abs(mean)
    with np.errstate(invalid="ignore"):
        t = np.abs(mean) / np.where(flat, 1.0, error)
        if degrees is not None:
            p = np.asarray(2.0 * stdtr(degrees, -t))
        else:
            p = t_p_values(t, shares, np.maximum(replicates, 2))
    silent = p_without_variance(mean, replicates)
    return np.asarray(np.where(np.isfinite(error), np.where(flat, silent, p), 1.0))


def _within_folds(
    values: Floats, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Of each pair: mean difference, variance of a run's within its fold, common replicates."""
    differences = paired_differences(values[first], values[second])
    there = np.isfinite(differences)
    count = there[:, :, 0].sum(axis=1)
    full = bool(there.all())
    differences = differences if full else np.where(there, differences, 0.0)
    by_fold = differences.sum(axis=1) / np.maximum(count, 1)[:, None]
    own = differences - by_fold[:, None, :]
    squares = np.square(own if full else np.where(there, own, 0.0)).sum(axis=(1, 2))
    mean = np.where(count > 0, by_fold.mean(axis=1), np.nan)
    variance = squares / np.maximum(values.shape[2] * (count - 1), 1)
    still = variance <= np.square(ROUNDING * np.abs(mean))  # rounding of the mean over folds
    return mean, np.where(still, 0.0, variance), count


def _square(upper: Floats, size: int, *, diagonal: float, mirrored: float = 1.0) -> Floats:
    square = np.full((size, size), diagonal)
    first, second = np.triu_indices(size, 1)
    square[first, second] = upper
    square[second, first] = mirrored * upper
    return square


def _counts(values: Floats) -> npt.NDArray[np.int64]:
    there = np.isfinite(values[:, :, 0]).astype(np.int64)
    return there @ there.T
