"""The t-test for cross-validation folds, whose training parts overlap."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from harness.statistics import ROUNDING, p_without_variance


def corrected_fold_test(
    differences: npt.ArrayLike, *, left_out_to_trained: float | None = None
) -> float | None:
    """Two-sided p-value of the corrected resampled t-test (Nadeau and Bengio 2003, section 3).

    `differences`: (n, k), finite: n replicates of k folds. `left_out_to_trained`: the size of what
    a fold leaves out against what it trains on; 1 / (k - 1) for k folds, the default.

    t = mean / sqrt((1 / k + left_out_to_trained) s^2), s^2 the variance of the k fold differences,
    each averaged over replicates; k - 1 degrees of freedom. The replicates train on the same k
    parts again, so they make each fold's difference more certain, but they are no further parts:
    counting all n k as resamples, as is often done, claims degrees of freedom that are not there.

    The null hypothesis is wider than that of the test over replicates: no difference on other
    training classes too. None for fewer than two folds or no replicate; without any variance it is
    that of `p_without_variance`, folds being the replicates.
    """
    from scipy.special import stdtr

    d = np.asarray(differences, np.float64)
    if not np.isfinite(d).all():
        raise ValueError("a test over folds needs finite differences")
    replicates, folds = d.shape
    if replicates == 0 or folds < 2:
        return None
    by_fold = d.mean(axis=0)
    mean, spread = float(by_fold.mean()), float(by_fold.std(ddof=1))
    ratio = 1.0 / (folds - 1) if left_out_to_trained is None else left_out_to_trained
    if spread <= ROUNDING * abs(mean):
        return float(p_without_variance(mean, folds))
    t = mean / (spread * math.sqrt(1.0 / folds + ratio))
    return float(2.0 * stdtr(folds - 1, -abs(t)))
