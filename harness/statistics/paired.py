"""Two methods on common random numbers: the difference of their replicates, and its t-test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.intervals import Interval, t_interval

Floats = npt.NDArray[np.float64]

# Scores that agree to this share of their size differ by the rounding of a mean, not by training.
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """The mean difference of two methods over their common replicates.

    `noise` is the standard deviation of the differences (ddof 1), `p_value` that of the two-sided
    paired t-test; both are None for fewer than two replicates, as are the interval's ends.
    """

    interval: Interval
    noise: float | None
    p_value: float | None


def paired_differences(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """`first - second`, elementwise; what lies within rounding of the scores becomes zero.

    Both: floats of one shape, whose last axis is replicates; NaN where there is none. Without
    this, two methods that score the same in every fold could differ "significantly" by 1e-17.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    differences = a - b
    size = np.maximum(np.abs(a), np.abs(b))
    return np.where(np.abs(differences) <= ROUNDING * size, 0.0, differences)


def paired_difference(
    first: Sequence[float] | Floats, second: Sequence[float] | Floats, confidence: float = 0.95
) -> PairedDifference:
    """Mean of `first - second` with Student's interval and paired t-test.

    Both: (n,), entry i of the same replicate, its folds averaged. Folds of one replicate are not
    independent observations; averaged, they are one. Exact for normal differences at any n >= 2.
    Raises ValueError for values that are not finite or not as many.
    """
    differences = paired_differences(first, second)
    interval = t_interval(differences.tolist(), confidence)
    if interval.n < 2:
        return PairedDifference(interval=interval, noise=None, p_value=None)
    return PairedDifference(
        interval=interval,
        noise=float(np.std(differences, ddof=1)),
        p_value=float(paired_t_test(differences)),
    )


def paired_t_test(differences: npt.ArrayLike) -> Floats:
    """Two-sided p-values of Student's t-test that the mean difference is zero.

    `differences`: (..., n), NaN where a pair has no such replicate; returns (...). Fewer than two
    replicates give 1: they are no evidence. Differences without any variance give 1 if they are
    zero and 2^(1 - n) otherwise, the p-value of the exact sign-flip test: no noise was measured,
    so there is no t, and two equal numbers must not pass for certainty.
    """
    # scipy.stats.ttest_1samp calls the same function, a second of importing later.
    from scipy.special import stdtr

    d = np.asarray(differences, np.float64)
    n = np.isfinite(d).sum(axis=-1)
    mean = np.nansum(d, axis=-1) / np.maximum(n, 1)
    square = np.nansum((d - mean[..., None]) ** 2, axis=-1) / np.maximum(n - 1, 1)
    error = np.sqrt(square / np.maximum(n, 1))
    flat = error <= ROUNDING * np.abs(mean)
    t = np.abs(mean) / np.where(flat, 1.0, error)
    p = 2.0 * stdtr(np.maximum(n - 1, 1), -t)
    without_noise = np.where(mean == 0.0, 1.0, 2.0 ** (1.0 - n))
    result: Floats = np.where(n < 2, 1.0, np.where(flat, without_noise, p))
    return result
