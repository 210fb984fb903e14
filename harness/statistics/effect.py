"""How large a difference is, beside how certain."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def probability_of_improvement(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """The probability that a fresh replicate of the first method scores above one of the second.

    Both: (n,) and (m,), higher is better, finite. The share of all n m pairs in which the first
    is above, ties a half: the Mann-Whitney statistic over n m (Agarwal et al. 2021, appendix A).
    None if either is empty.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if not a.size or not b.size:
        return None
    return float(np.mean((np.sign(a[:, None] - b[None, :]) + 1.0) / 2.0))


def effect_size(differences: npt.ArrayLike) -> float | None:
    """Mean difference in units of its own standard deviation, Hedges' small-sample correction.

    `differences`: (n,), one a replicate. J(n - 1) mean / s with ddof 1 and J(v) = Gamma(v / 2) /
    (sqrt(v / 2) Gamma((v - 1) / 2)) (Hedges 1981): unbiased for normal differences. It is in units
    of the noise of training, and so not comparable between protocols. None for fewer than three
    differences, whose size cannot be corrected, or for differences without variance.
    """
    d = np.asarray(differences, np.float64)
    if d.size < 3:
        return None
    mean, spread = float(d.mean()), float(d.std(ddof=1))
    if spread <= 1e-12 * abs(mean):
        return None
    half = (d.size - 1) / 2.0
    correction = math.exp(math.lgamma(half) - math.lgamma(half - 0.5)) / math.sqrt(half)
    return correction * mean / spread
