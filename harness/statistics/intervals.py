"""Confidence intervals over replicates, and t where the folds are not equally noisy."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from harness.statistics import ROUNDING, Floats, by_units, complete, fold_shares, over_seeds

_NODES = 48


def t_p_values(t: npt.ArrayLike, shares: Floats, replicates: npt.ArrayLike) -> Floats:
    """P(|T| > |t|) of T = Z / sqrt(sum w X / (n - 1)), X independent chi-squares of n - 1 degrees.

    `t`: (p,), `replicates`: (p,), n of each, two or more; `shares`: (f,), w, what each fold
    contributes to the variance of the mean, together 1. With equal shares it is Student's of
    f (n - 1) degrees. Given the X, P(|Z| > x) is 2 / pi times the integral of
    exp(-x^2 / (2 sin^2 a)) over a from 0 to pi / 2 (Craig 1991); its mean over the X is a product
    of their moment generating functions. Satterthwaite's t has the right variance of the
    denominator but too many small values of it: at two replicates, one fold of four times the
    others' noise, his 95 % are 98.8.
    """
    from scipy.special import stdtr

    degrees = np.asarray(replicates, np.float64) - 1.0
    if np.ptp(shares) <= 0.0:
        return np.asarray(2.0 * stdtr(len(shares) * degrees, -np.abs(t)))
    sines, weights = _nodes()
    squares = np.square(np.asarray(t, np.float64))[..., None] / degrees[..., None] / sines
    logs = np.zeros_like(squares)
    for share in shares.tolist():
        logs += np.log1p(share * squares)
    return np.asarray((np.exp(-degrees[..., None] / 2.0 * logs) * weights).sum(axis=-1) / 2.0)


def t_quantile(shares: Floats, replicates: int, confidence: float = 0.95) -> float:
    """What |T| exceeds with probability 1 - `confidence`; see `t_p_values`."""
    from scipy.special import stdtrit

    outside = 1.0 - confidence
    # Of as many degrees as there are folds it is too small, of the one noisiest too large.
    low, high = (
        math.log(stdtrit(folds * (replicates - 1.0), 1.0 - outside / 2.0))
        for folds in (len(shares), 1)
    )
    if np.ptp(shares) <= 0.0:
        return math.exp(low)

    def above(log: float) -> float:
        return math.log(float(t_p_values(math.exp(log), shares, replicates)) / outside)

    # The secant on logarithms, of which the tail is nearly a line; halves where it leaves the ends.
    before, last, at_before, at_last = high, low, above(high), above(low)
    while abs(at_last) > 1e-9 and high - low > 1e-12:
        low, high = (last, high) if at_last > 0.0 else (low, last)
        steep = (at_last - at_before) / (last - before)
        guess = last - at_last / steep if steep else low
        guess = guess if low < guess < high else (low + high) / 2.0
        before, last, at_before, at_last = last, guess, at_last, above(guess)
    return math.exp(last)


@functools.cache
def _nodes() -> tuple[Floats, Floats]:
    """Gauss and Legendre's: sin^2 at nodes from 0 to pi / 2, and their weights, together 2."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return np.square(np.sin((nodes + 1.0) * np.pi / 4.0)), weights


_BITS = 109  # twice a float's 53 and three more, so that rounding again changes nothing


def standard_deviation(values: Sequence[float], mean: float) -> float:
    """Of at least two finite values about their mean, ddof 1.

    The bits of `statistics.stdev(values, mean)` in a third of its time: the sum of squares is
    exact, as what rounding leaves of it is added until nothing is left.
    """
    squares = [(difference := value - mean) * difference for value in values]
    total = Fraction(0)
    while part := math.fsum(squares):
        total += Fraction(part)
        squares.append(-part)
    return _square_root(total / (len(values) - 1))


def _square_root(of: Fraction) -> float:
    """The nearest float, by way of an integer square root that is rounded to odd."""
    numerator, denominator = of.numerator, of.denominator
    shift = (numerator.bit_length() - denominator.bit_length() - _BITS) // 2
    if shift >= 0:
        denominator <<= 2 * shift
    else:
        numerator <<= -2 * shift
    root = math.isqrt(numerator // denominator)
    root |= root * root * denominator != numerator
    return float(root << shift) if shift >= 0 else root / (1 << -shift)


Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval over `n` values.

    `mean` is None for no value at all; `low` and `high` are None for fewer than two, because one
    value says nothing about its spread.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int


def t_interval(
    values: Sequence[float], confidence: float = 0.95, *, bounds: Bounds = (None, None)
) -> Interval:
    """Mean and Student's t-interval: mean +- t((1 + confidence) / 2, n - 1) s / sqrt(n), ddof 1.

    The interval of the reality check (Musgrave et al. 2020, section 4). `bounds`: what the values
    cannot leave; no end does, as in `fold_intervals`. Raises ValueError for a value that is not
    finite: what to do with a missing score is the caller's to say.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence!r}")
    if not math.isfinite(sum(values)) and not all(map(math.isfinite, values)):
        raise ValueError("an interval needs finite values; leave the others out and count them")
    n = len(values)
    if n == 0:
        return Interval(mean=None, low=None, high=None, n=0)
    mean = statistics.fmean(values)
    if n == 1:
        return Interval(mean=mean, low=None, high=None, n=1)
    quantile = student_quantile(n - 1, (1.0 + confidence) / 2.0)
    half = quantile * standard_deviation(values, mean) / math.sqrt(n)
    return _bounded(mean, half, bounds, n)


def fold_intervals(
    values: npt.ArrayLike,
    *,
    by_seeds: npt.ArrayLike = False,
    bounds: Bounds = (None, None),
    confidence: float = 0.95,
) -> list[Interval]:
    """The interval of each method's mean over seeds and folds, its noise measured within folds.

    `values`: (m, n, f), NaN where a method has no such replicate; f is 1 where a seed is the unit,
    `by_seeds` as in `all_pairs`. Student's where folds are equally noisy, else by `t_quantile`, for
    these folds. `bounds`: what the metric cannot leave: between two it is taken on the
    logit scale (above or below one, on the log scale), by the delta method, so that no end leaves
    them. No ends below two replicates, or where the values of each fold are all one number: no
    noise was measured.
    """
    found = complete(values)
    # Who has one replicate shows no noise: what is measured of all rows is measured of the others.
    several = np.isfinite(found)[:, :, 0].sum(axis=1) > 1
    seeds = ~several | np.asarray(by_seeds, np.bool_)
    found, seeds, effect = by_units(found, seeds)
    there = np.isfinite(found)
    count = there[:, :, 0].sum(axis=1)
    excess = max(1.0, effect.ratio or 1.0) if effect.widens else 1.0
    errors = np.sqrt(excess) * _errors(found, count)
    errors[seeds] = _errors(over_seeds(found[seeds]), count[seeds])
    shares = fold_shares(found[~seeds], common=True)
    halves = np.zeros_like(errors)
    for n, seed in {(n, s) for n, s in zip(count.tolist(), seeds.tolist(), strict=True) if n > 1}:
        own = (count == n) & (seeds == seed)
        halves[own] = t_quantile(np.ones(1) if seed else shares, n, confidence) * errors[own]
    means = np.where(there, found, 0.0).sum(axis=(1, 2)) / np.maximum(there.sum(axis=(1, 2)), 1)
    known = (count > 1) & (errors > ROUNDING * np.abs(means))
    return [
        _bounded(mean, half, bounds, n)
        if is_known
        else Interval(mean if n else None, None, None, n)
        for mean, half, is_known, n in zip(
            means.tolist(), halves.tolist(), known.tolist(), count.tolist(), strict=True
        )
    ]


def _errors(values: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """(m,): standard errors of the means of `values` (m, n, f), their noise taken within folds."""
    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)
    by_fold = filled.sum(axis=1) / np.maximum(count, 1)[:, None]
    squares = np.square(np.where(there, filled - by_fold[:, None, :], 0.0)).sum(axis=(1, 2))
    folds = values.shape[2]
    variance = squares / np.maximum(folds * (count - 1), 1)
    return np.asarray(np.sqrt(variance / np.maximum(folds * count, 1)))


def _bounded(mean: float, half: float, bounds: Bounds, n: int) -> Interval:
    """`mean` +- `half`, on a scale on which the ends stay within `bounds`."""
    low, high = bounds
    down = math.inf if low is None else mean - low
    up = math.inf if high is None else high - mean
    if down <= 0.0 or up <= 0.0:  # at a bound, or beyond what was said to be one
        return Interval(mean, None, None, n)
    if math.isinf(down) and math.isinf(up):
        return Interval(mean, mean - half, mean + half, n)
    # The logit's slope at the mean is 1 / down + 1 / up; that of a log if one of them is infinite.
    factor = math.exp(min(700.0, half * (1.0 / down + 1.0 / up)))
    if math.isinf(up):
        return Interval(mean, mean - down * (1.0 - 1.0 / factor), mean + down * (factor - 1.0), n)
    if math.isinf(down):
        return Interval(mean, mean - up * (factor - 1.0), mean + up * (1.0 - 1.0 / factor), n)
    return Interval(
        mean,
        mean - min(down, down * up * (factor - 1.0) / (down + factor * up)),
        mean + min(up, down * up * (factor - 1.0) / (up + factor * down)),
        n,
    )


@functools.lru_cache(4096)
def student_quantile(degrees: float, probability: float) -> float:
    """Student's quantile; what scipy.stats.t.ppf calls, without the second of its import."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))
