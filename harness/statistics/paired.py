"""Two methods on common random numbers: the difference of their runs."""

from __future__ import annotations

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
