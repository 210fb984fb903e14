"""How many replicates it takes to see a difference, from the noise that was measured."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.statistics import Noise
from harness.statistics.pairs import ENOUGH_TO_SHARE, OWN_SHARE, SECOND, BoardPairs

MOST = 1_000_000


def power_of(
    difference: float,
    noise: float,
    replicates: int,
    *,
    folds: int = 1,
    units: float | None = None,
    level: float = 0.05,
) -> float:
    """The probability that a two-sided paired t-test at `level` finds a true `difference`.

    `noise`: standard deviation of the paired differences of runs within a fold; `folds` of them
    make a replicate, and amount to `units` equally noisy ones (all, by default). From the
    noncentral t distribution with units (n - 1) degrees of freedom and noncentrality
    sqrt(n folds) difference / noise (Cohen 1988).
    """
    from scipy.special import stdtrit

    if replicates < 2:
        return 0.0
    if noise <= 0.0:
        return 1.0 if difference else level
    degrees = (folds if units is None else units) * (replicates - 1)
    shift = math.sqrt(replicates * folds) * abs(difference) / noise
    bar = float(stdtrit(degrees, 1.0 - level / 2.0))
    return 1.0 - _below(shift, bar, degrees) + _below(shift, -bar, degrees)


def _below(shift: float, t: float, degrees: float) -> float:
    """P(T <= t) of the noncentral t, where scipy gives NaN here and there for large shifts too.

    NaN comes below zero for what is practically 0, and above for shifts past 35, where the
    numerator's noise is negligible and what is left is the chi-square in the denominator.
    """
    from scipy.special import chdtrc, nctdtr

    if shift > 35.0:
        return 0.0 if t < 0.0 else float(chdtrc(degrees, degrees * (shift / t) ** 2))
    below = float(nctdtr(degrees, shift, t))
    return 0.0 if t < 0.0 and math.isnan(below) else below


def replicates_to_see(
    difference: float, noise: Noise, *, level: float = 0.05, power: float = 0.8
) -> int | None:
    """The fewest replicates at which the paired t-test finds `difference` with `power`.

    Planned with the noise that the true one is below in four cases of five, so that the promise
    is kept in as many: planned with the noise as measured it would be in about half. At least 2.
    None if it takes more than a million, or a difference of zero was asked for. Raises ValueError
    for a negative noise or a level or power outside (0, 1).
    """
    _check(noise.noise, level, power)
    if difference == 0.0:
        return None
    planned = noise.at_most

    def found(n: int) -> float:
        return power_of(difference, planned, n, folds=noise.folds, units=noise.units, level=level)

    return _fewest(found, power)


def replicates_on_board(
    difference: float, noise: Noise, pairs: BoardPairs, *, level: float = 0.05, power: float = 0.8
) -> int | None:
    """The same for a pair that is read among all `pairs` of a board, whatever the others do.

    By its own noise at the first step of Holm's procedure or, on boards that share noise, by the
    shared one, seconded by its own: whichever takes fewer replicates.
    """
    _check(noise.noise, level, power)
    if difference == 0.0:
        return None
    level, planned = level / pairs.looks, noise.at_most
    sharing = pairs.prior is not None and len(pairs.differences) >= ENOUGH_TO_SHARE
    own_level = (OWN_SHARE if sharing else 1.0) * level / max(1, pairs.family)

    def own(n: int, at: float = own_level) -> float:
        return power_of(difference, planned, n, folds=noise.folds, units=noise.units, level=at)

    def found(n: int) -> float:
        if not sharing:
            return own(n)
        shared = _shared_power(difference, planned, n, noise, pairs, level)
        return max(own(n), shared + own(n, level / SECOND) - 1.0)  # at least, if both must pass

    return _fewest(found, power)


def _shared_power(
    difference: float, planned: float, n: int, noise: Noise, pairs: BoardPairs, level: float
) -> float:
    """By the shared noise, taken for known: normal, as its many degrees make it."""
    from scipy.special import ndtr, stdtrit

    prior = pairs.prior
    assert prior is not None
    degrees = noise.units * (n - 1)
    variance = prior.variances(np.array([planned**2]), np.array([degrees]))[0]
    bar = float(
        stdtrit(degrees + prior.degrees, 1.0 - (1.0 - OWN_SHARE) * level / pairs.family / 2.0)
    )
    runs = math.sqrt(n * noise.folds)
    return float(ndtr((abs(difference) * runs - bar * math.sqrt(variance)) / planned))


def _fewest(found: Callable[[int], float], power: float) -> int | None:
    high = 2
    while found(high) < power:
        high *= 2
        if high > MOST:
            return None
    low = max(2, high // 2)
    while low < high:
        middle = (low + high) // 2
        if found(middle) < power:
            low = middle + 1
        else:
            high = middle
    return high


def detectable_difference(
    noise: Noise, replicates: int, *, level: float = 0.05, power: float = 0.8
) -> float | None:
    """The smallest true difference that `replicates` show with `power`; None for fewer than two.

    Planned with the noise that the true one is below in four cases of five.
    """
    from scipy.optimize import brentq

    _check(noise.noise, level, power)
    if replicates < 2:
        return None
    if noise.noise == 0.0 or power <= level:
        return 0.0

    def short(difference: float) -> float:
        found = power_of(
            difference, 1.0, replicates, folds=noise.folds, units=noise.units, level=level
        )
        return found - power

    high = 1.0
    while short(high) < 0.0:
        high *= 2.0
    return float(brentq(short, 0.0, high, xtol=1e-10)) * noise.at_most


def _check(noise: float, level: float, power: float) -> None:
    if not (noise >= 0.0 and math.isfinite(noise)):
        raise ValueError(f"the noise must be finite and not negative, not {noise!r}")
    if not (0.0 < level < 1.0 and 0.0 < power < 1.0):
        raise ValueError("level and power must lie between 0 and 1")
