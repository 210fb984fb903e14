"""Methods compared over several datasets: ranks, critical difference, and the Bayesian answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def average_ranks(scores: npt.ArrayLike, *, higher_is_better: bool = True) -> Floats:
    """Mean rank of each method over datasets, 1 the best, ties at their mean rank: (m,).

    `scores`: (m, d), finite: the mean score of each method on each dataset (Demsar 2006).
    """
    from scipy.stats import rankdata

    values = _table(scores)
    ranks: Floats = rankdata(-values if higher_is_better else values, axis=0).mean(axis=1)
    return ranks


def friedman_p_value(scores: npt.ArrayLike) -> float | None:
    """p-value that all methods are alike (Friedman 1937, scipy); None below three methods or two
    datasets, or where all scores of every dataset are equal.
    """
    from scipy.stats import friedmanchisquare

    values = _table(scores)
    if len(values) < 3 or values.shape[1] < 2 or (values == values[0]).all():
        return None
    return float(friedmanchisquare(*values).pvalue)


def critical_difference(methods: int, datasets: int, level: float = 0.05) -> float:
    """The difference of average ranks above which two methods differ (Nemenyi 1963).

    q sqrt(m (m + 1) / (6 d)), q the upper `level` quantile of the studentised range over sqrt(2)
    with infinite degrees of freedom (Demsar 2006, table 5). With few datasets it is wide: at
    five, ten methods differ only by 6.06 ranks. Raises ValueError for fewer than two methods.
    """
    from scipy.stats import studentized_range

    if methods < 2 or datasets < 1:
        raise ValueError("a critical difference needs two methods and a dataset")
    quantile = float(studentized_range.ppf(1.0 - level, methods, np.inf)) / math.sqrt(2.0)
    return quantile * math.sqrt(methods * (methods + 1) / (6.0 * datasets))


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """Probabilities that the first is better, that they are practically equal, the second."""

    first: float
    equal: float
    second: float


def bayesian_signed_rank(
    differences: npt.ArrayLike,
    *,
    rope: float,
    seed: int,
    draws: int = 20_000,
    prior: float = 0.5,
) -> Posterior:
    """The Bayesian signed-rank test with a region of practical equivalence.

    `differences`: (d,), first minus second, higher is better, one a dataset. `rope`: differences
    up to this size do not matter. The posterior is a Dirichlet process over the differences and
    one pseudo-observation at zero of weight `prior`; each draw weighs all pairs by whether their
    mean lies above, within or below the region, and the largest of the three gets the draw
    (Benavoli, Corani, Demsar, Zaffalon 2017, section 4.2; draws shared where they tie). The tests
    hold it to what baycomp gives, which loops in Python and is not worth a dependency for this.
    """
    z = np.append(0.0, np.asarray(differences, np.float64))
    if z.size < 2 or not np.isfinite(z).all() or rope < 0.0 or prior <= 0.0:
        raise ValueError("needs finite differences, a rope of 0 or more and a positive prior")
    weights = np.random.default_rng(seed).dirichlet(np.append(prior, np.ones(z.size - 1)), draws)
    means = (z[:, None] + z[None, :]) / 2.0
    above = _weight(weights, means > rope)
    below = _weight(weights, means < -rope)
    shares = np.stack([above, 1.0 - above - below, below], axis=1)
    best = np.isclose(shares, shares.max(axis=1, keepdims=True), rtol=0.0, atol=1e-12)
    first, equal, second = (best / best.sum(axis=1, keepdims=True)).mean(axis=0).tolist()
    return Posterior(first=first, equal=equal, second=second)


def _weight(weights: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    weight: Floats = ((weights @ where.astype(np.float64)) * weights).sum(axis=1)
    return weight


def _table(scores: npt.ArrayLike) -> Floats:
    values = np.asarray(scores, np.float64)
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        raise ValueError("scores must be finite, (methods, datasets)")
    return values
