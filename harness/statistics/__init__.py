"""Statistics over scores: arrays in, numbers out. Nothing here knows Records or torch.

Here: what one observation is, a run within its fold or a seed, and its noise, paired and shared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Scores that agree to this share of their size differ by the rounding of a mean, not by training.
ROUNDING = 1e-12


def paired_differences(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """`first - second`, elementwise; what lies within rounding of the scores becomes zero.

    Both: floats of one shape, NaN where there is no run. Without this, two methods that score the
    same in every fold could differ "significantly" by 1e-17.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    differences = a - b
    size = np.maximum(np.abs(a), np.abs(b))
    return np.where(np.abs(differences) <= ROUNDING * size, 0.0, differences)


def p_without_variance(mean: npt.ArrayLike, replicates: npt.ArrayLike) -> Floats:
    """Two-sided p-value of a mean difference whose replicates are all one number; elementwise.

    The one rule for them, of comparisons, letters and gate: no noise was measured, so there is no t
    and no interval, and equal numbers must not pass for certainty. 1 if the difference is zero,
    else 2^(1 - n), as of n signs that agree by chance.
    """
    signs = np.exp2(1.0 - np.maximum(np.asarray(replicates), 1))
    return np.asarray(np.where(np.asarray(mean) == 0.0, 1.0, signs))


Bools = npt.NDArray[np.bool_]

GUARD = 0.001
_USUAL = 0.6  # the quantile of F up to which a ratio is nothing to correct for
# An interval is one claim, and promises neither less nor much more than 95 %: it is widened only
# where chance gives as much of a seed effect in fewer cases than these.
_SELDOM = 0.15


@dataclass(frozen=True, kw_only=True)
class SeedEffect:
    """Whether the folds of a seed go up and down together: F, and its p-value.

    `ratio`: mean square of method by seed over the residual within folds, about 1 where runs of a
    method are independent given their folds. `p_value` is None where there is nothing to test.
    `excess`: what a variance within folds must be multiplied by, 1 or more: what of the ratio is
    beyond its usual scatter; 1 where seeds are the units.
    """

    ratio: float | None = None
    p_value: float | None = None
    excess: float = 1.0

    @property
    def found(self) -> bool:
        """Whether seeds, and not runs, must be the units."""
        return self.p_value is not None and self.p_value < GUARD

    @property
    def widens(self) -> bool:
        """Whether intervals of runs within folds are widened by it."""
        return self.p_value is not None and GUARD <= self.p_value < _SELDOM


def complete(values: npt.ArrayLike) -> Floats:
    """`values` (m, n, f) as floats; a replicate that lacks any fold is NaN in all of them.

    (m, n) is read as (m, n, 1): each seed is one observation.
    """
    found = np.asarray(values, np.float64)
    if found.ndim == 2:
        found = found[:, :, None]
    if found.ndim != 3:
        raise ValueError(f"values must be (methods, seeds, folds), not {found.shape}")
    there = np.isfinite(found).all(axis=2, keepdims=True)
    return np.where(there, found, np.nan)


def over_seeds(values: Floats) -> Floats:
    """Folds averaged, (m, n, 1): each seed becomes one observation."""
    return np.asarray(values.mean(axis=2, keepdims=True))


def by_units(values: Floats, by_seeds: npt.ArrayLike = False) -> tuple[Floats, Bools, SeedEffect]:
    """`values` (m, n, f) with the units they are read in: runs within folds, or seeds.

    `by_seeds`: bool (m,) or one for all, methods whose seeds are the units as is known beforehand.
    Returns the values, (m, n, 1) where seeds are the units of all; of which methods they are beside
    that, (m,); and what was seen of the others.
    """
    seeded = np.broadcast_to(np.asarray(by_seeds, np.bool_), len(values))
    effect = SeedEffect() if seeded.all() else seed_effect(values[~seeded])
    if seeded.all() or effect.found or values.shape[2] == 1:
        return over_seeds(values), np.zeros(len(values), np.bool_), effect
    return values, seeded, effect


def seed_effect(values: npt.ArrayLike) -> SeedEffect:
    """Test whether the folds of a seed share noise of a method's own.

    `values`: (m, n, f), NaN where a method has no such replicate; the rows with the most replicates
    are used, on the seeds that all of these have. Streams of random numbers are keyed by seed and
    fold, so that runs of one method are independent given the folds: the mean square of method by
    seed is then no larger than the residual within folds. What all methods share in a run is taken
    away first. Methods that go up and down together, or one that is far noisier than the others,
    make fewer degrees of freedom than m - 1 for each contrast of runs: (tr C)^2 / tr C^2, C their
    covariance, tr C^2 estimated without bias by the products of different contrasts.
    """
    from scipy.special import fdtrc, fdtri

    found = complete(values)
    count = np.isfinite(found[:, :, 0]).sum(axis=1)
    rows = found[count == count.max(initial=0)]
    rows = rows[:, np.isfinite(rows[:, :, 0]).all(axis=0)]
    methods, seeds, folds = rows.shape
    if methods < 2 or seeds < 2 or folds < 2:
        return SeedEffect()
    own = rows - rows.mean(axis=0)
    # (m, n - 1, f): contrasts of seeds, of their mean over folds first, then of folds.
    contrasts = _differences(own) @ _contrasts(folds).T
    squares = np.square(contrasts).sum(axis=0)
    within = float(squares[:, 1:].mean())
    if within <= 0.0:
        return SeedEffect()
    flat = contrasts.reshape(methods, -1)
    # Of the products of two different columns, the mean square; |A' A| = |A A'|, so of the smaller.
    columns = flat.shape[1]
    narrow = flat if methods < columns else flat.T
    all_products = np.square(narrow @ narrow.T).sum() - np.square(squares).sum()
    products = float(all_products) / (columns * (columns - 1.0))
    independent = float(squares.mean()) ** 2 / max(products, 1e-300)
    degrees = (seeds - 1) * min(methods - 1.0, max(1.0, independent))
    both = (degrees, degrees * (folds - 1))
    ratio = float(squares[:, 0].mean()) / within
    p_value = float(fdtrc(*both, ratio))
    return SeedEffect(
        ratio=ratio,
        p_value=p_value,
        excess=1.0 if p_value < GUARD else max(1.0, ratio / max(1.0, float(fdtri(*both, _USUAL)))),
    )


def _differences(values: Floats) -> Floats:
    """Of (m, n, f) the n - 1 differences of each seed from those before it: (m, n - 1, f).

    They are `_contrasts(n)[1:]` applied to the seeds, by running sums: no matrix of seeds by seeds.
    """
    place = np.arange(1.0, values.shape[1])[:, None]
    before = np.cumsum(values, axis=1)[:, :-1]
    return np.asarray((before - place * values[:, 1:]) / np.sqrt(place * (place + 1.0)))


def _contrasts(size: int) -> Floats:
    """An orthonormal (size, size): the mean, then differences of each from those before it."""
    rows = np.tril(np.ones((size, size)), -1)
    rows[np.arange(size), np.arange(size)] = -np.arange(size)
    rows[0] = 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def fold_units(values: Floats, *, common: bool) -> float:
    """How many equally noisy folds the noise of these amounts to: from 1 to f.

    1 / sum w^2 over each fold's share w of the noise (Satterthwaite 1946); see `fold_shares`.
    """
    return 1.0 / float(np.square(fold_shares(values, common=common)).sum())


def fold_shares(values: Floats, *, common: bool) -> Floats:
    """(f,): each fold's share of the noise of `values` (m, n, f), together 1; equal without noise.

    The noise t of a fold: squares about its mean, added over seeds and methods. Chance makes equal
    folds look unequal, so the shares are drawn towards 1 / f until 1 / sum w^2 is (sum t)^2 /
    sum t^2 with both sums corrected (t has v degrees: E t^2 is (1 + 2 / v) times the square of
    what it estimates). `common`: without what all methods share, as in differences.
    """
    own = values - _mean(values, axis=1)
    count = np.isfinite(values[:, :, 0]).sum(axis=1)
    degrees = float(np.maximum(count - 1, 0).sum())
    if common and len(values) > 1:
        own = own - _mean(own, axis=0)
        degrees *= 1.0 - 1.0 / len(values)
    noise = np.nansum(np.square(own), axis=(0, 1))
    equal = 1.0 / values.shape[2]
    if noise.sum() <= 0.0:
        return np.full(len(noise), equal)
    shares = noise / noise.sum()
    squares = float(np.square(shares).sum()) * degrees / (degrees + 2.0)
    units = 1.0 / squares - 2.0 / degrees
    wanted = 1.0 / min(1.0 / equal, max(1.0, units)) - equal
    seen = float(np.square(shares - equal).sum())
    drawn = math.sqrt(min(1.0, wanted / seen)) if seen > 0.0 else 0.0
    return np.asarray(equal + drawn * (shares - equal))


def _mean(values: Floats, axis: int) -> Floats:
    """The mean of what is there; zero where nothing is."""
    count = np.isfinite(values).sum(axis=axis, keepdims=True)
    return np.asarray(np.nansum(values, axis=axis, keepdims=True) / np.maximum(count, 1))


MOST_DEGREES = 10_000.0
_AT_MOST = 4.0  # medians that one pair's variance counts for in the common one
_AT_LEAST = 0.2  # medians, in the scatter: two methods that all but agree make none unlike


@dataclass(frozen=True, kw_only=True)
class SharedNoise:
    """A common variance, worth `degrees` of freedom to each pair."""

    variance: float
    degrees: float

    def variances(self, own: Floats, degrees: Floats) -> Floats:
        """Each pair's variance, drawn towards the common one."""
        weighed = self.degrees * self.variance + degrees * own
        return np.asarray(weighed / (self.degrees + degrees))


def shared_noise(
    variances: Floats, degrees: Floats, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> SharedNoise | None:
    """The common variance of a board's pairs and its worth, after Smyth (2004), with caution.

    `variances`: (p,), each pair's within folds, NaN or zero for a pair without any, which is not
    counted. `degrees`: (p,), of these. `first`, `second`: (p,), each pair's methods.

    How far the logs of variances scatter beyond what their degrees explain, x, says how alike
    the pairs' true variances are: degrees 2 trigamma^-1(x). Pairs that share a method scatter
    together, so x is not believed: two standard errors of a jackknife over methods are added,
    which is what keeps boards with one noisy method honest. The common variance is the mean, of
    which each pair is counted at most at four medians. None where fewer than three methods have
    any.
    """
    from scipy.special import polygamma

    there = np.isfinite(variances) & (variances > 0.0)
    v, half = variances[there], degrees[there] / 2.0
    ends = np.stack([first[there], second[there]])
    methods = np.unique(ends)
    if len(methods) < 3:
        return None
    logs = np.log(np.maximum(v, _AT_LEAST * np.median(v))) - polygamma(0, half) + np.log(half)
    excess = float(np.var(logs, ddof=1) - polygamma(1, half).mean())
    caution = 2.0 * _jackknife(logs, ends, methods)
    if not math.isfinite(caution):
        return None
    x = max(0.0, excess) + caution
    return SharedNoise(
        variance=float(np.minimum(v, _AT_MOST * np.median(v)).mean()),
        degrees=min(MOST_DEGREES, 2.0 * inverse_trigamma(x)) if x > 0.0 else MOST_DEGREES,
    )


def _jackknife(logs: Floats, ends: npt.NDArray[np.int64], methods: npt.NDArray[np.int64]) -> float:
    """Standard error of the variance of `logs`, leaving out one method's pairs at a time."""
    places = np.searchsorted(methods, ends)
    centred = logs - logs.mean()  # so that squares do not cancel
    sums = [
        np.bincount(places.ravel(), weights=np.tile(part, 2), minlength=len(methods))
        for part in (np.ones_like(logs), centred, centred**2)
    ]
    left = [np.array(part.sum() / 2.0 - part) for part in sums]
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (left[2] - left[1] ** 2 / left[0]) / (left[0] - 1.0)
    if not np.isfinite(without).all():
        return math.nan
    count = len(methods)
    return math.sqrt((count - 1) / count * float(np.square(without - without.mean()).sum()))


def inverse_trigamma(x: float) -> float:
    """The y above 0 with trigamma(y) = x, for x above 0; Newton's method (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    if x > 1e7:
        return 1.0 / math.sqrt(x)
    if x < 1e-6:
        return 1.0 / x
    y = 0.5 + 1.0 / x
    for _ in range(50):
        value = float(polygamma(1, y))
        step = value * (1.0 - value / x) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-10:
            break
    return y


_PLANNED = 0.8  # how surely the noise is below what is planned with


@dataclass(frozen=True, kw_only=True)
class Noise:
    """The noise of one pair's difference: of a run within its fold, `units` of them a replicate.

    `noise`: its standard deviation, measured with `degrees` of freedom. `folds`: runs of a
    replicate; `units`: how many equally noisy ones these amount to.
    """

    noise: float
    degrees: float
    folds: int = 1
    units: float = 1.0

    @property
    def at_most(self) -> float:
        """What the true noise is below in four cases of five: s sqrt(v / chi2), its lower fifth."""
        from scipy.special import chdtri

        return self.noise * math.sqrt(self.degrees / float(chdtri(self.degrees, _PLANNED)))
