"""How much the pairs of a board may learn of their noise from each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

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
