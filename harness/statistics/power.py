"""How many replicates it takes to see a difference, from the noise that was measured."""

from __future__ import annotations

import math

import numpy as np

MOST = 1_000_000


def power_of(difference: float, noise: float, replicates: int, *, level: float = 0.05) -> float:
    """The probability that a two-sided paired t-test at `level` finds a true `difference`.

    `noise`: standard deviation of the paired differences. From the noncentral t distribution with
    n - 1 degrees of freedom and noncentrality sqrt(n) difference / noise (Cohen 1988).
    """
    from scipy.special import stdtrit

    if replicates < 2:
        return 0.0
    if noise <= 0.0:
        return 1.0 if difference else level
    shift = math.sqrt(replicates) * abs(difference) / noise
    bar = float(stdtrit(replicates - 1, 1.0 - level / 2.0))
    return 1.0 - _below(shift, bar, replicates - 1) + _below(shift, -bar, replicates - 1)


def _below(shift: float, t: float, degrees: int) -> float:
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
    difference: float, noise: float, *, level: float = 0.05, power: float = 0.8
) -> int | None:
    """The fewest replicates at which the paired t-test finds `difference` with `power`.

    At least 2. None if it takes more than a million, or a difference of zero was asked for.
    Raises ValueError for a negative noise or a level or power outside (0, 1).
    """
    _check(noise, level, power)
    if difference == 0.0:
        return None
    high = 2
    while power_of(difference, noise, high, level=level) < power:
        high *= 2
        if high > MOST:
            return None
    low = max(2, high // 2)
    while low < high:
        middle = (low + high) // 2
        if power_of(difference, noise, middle, level=level) < power:
            low = middle + 1
        else:
            high = middle
    return high


def detectable_difference(
    noise: float, replicates: int, *, level: float = 0.05, power: float = 0.8
) -> float | None:
    """The smallest true difference that `replicates` show with `power`; None for fewer than two."""
    from scipy.optimize import brentq

    _check(noise, level, power)
    if replicates < 2:
        return None
    if noise == 0.0 or power <= level:
        return 0.0
    high = 1.0
    while power_of(high, 1.0, replicates, level=level) < power:
        high *= 2.0
    found = brentq(
        lambda units: power_of(units, 1.0, replicates, level=level) - power, 0.0, high, xtol=1e-10
    )
    return float(found) * noise


def noise_interval(
    noise: float, replicates: int, confidence: float = 0.95
) -> tuple[float, float] | None:
    """The interval of the true noise, given that measured over `replicates`; None below two.

    s sqrt((n - 1) / chi2): three replicates know their noise only within a factor of twelve.
    """
    from scipy.special import chdtri

    if replicates < 2:
        return None
    tails = np.array([(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    quantiles = chdtri(replicates - 1, tails)  # by the upper tail: the larger quantile first
    low, high = noise * np.sqrt((replicates - 1) / quantiles)
    return float(low), float(high)


def _check(noise: float, level: float, power: float) -> None:
    if not (noise >= 0.0 and math.isfinite(noise)):
        raise ValueError(f"the noise must be finite and not negative, not {noise!r}")
    if not (0.0 < level < 1.0 and 0.0 < power < 1.0):
        raise ValueError("level and power must lie between 0 and 1")
