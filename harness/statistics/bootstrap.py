"""The hierarchical bootstrap: other seeds, other folds, other test classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from harness.statistics.crossed import CrossedVariance, crossed_variance

Floats = npt.NDArray[np.float64]
Level = Literal["seeds", "folds", "classes"]
LEVELS: tuple[Level, ...] = get_args(Level)
_AXES: Mapping[Level, int] = {level: 1 + place for place, level in enumerate(LEVELS)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap:
    """Scores of m methods under common resampling.

    `estimates`, `low`, `high`: (m,); the ends are NaN for a single seed, whose noise is unknown.
    `draws`: (b, m), row i the same resampling for all methods. `levels`: what was resampled: those
    asked for that have at least two members.
    """

    estimates: Floats
    low: Floats
    high: Floats
    draws: Floats
    levels: tuple[Level, ...]


def hierarchical_bootstrap(
    sums: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    seed: int,
    draws: int = 10_000,
    confidence: float = 0.95,
    levels: Sequence[Level] = LEVELS,
) -> Bootstrap:
    """Resample seeds, folds and test classes of scores that are means over queries.

    `sums`: (m, s, f, c), for each method, seed, fold and class the sum of the queries' scores, or
    of the difference of two methods' scores. `counts`: (c,), queries a class. All methods have
    the same seeds, folds and classes: the draws are common, so they pair the methods.

    Queries of a class are not independent, so classes are drawn whole. Seeds, folds and classes
    are crossed, not nested (each class is tested in each run), and no bootstrap of crossed factors
    is unbiased (McCullagh 2000): it counts what they have in common more than once (Owen 2007).
    So each level is resampled by itself, n - 1 of n with replacement (Rao and Wu 1988, which
    takes away the bias of few members), the deviations are added, and the draws are scaled to the
    variance without the double count (Cameron, Gelbach and Miller 2011), but never below that of
    any one level. The interval is the estimate +- t s, s the standard deviation of the draws
    and t with Satterthwaite's degrees of freedom: percentiles of three seeds could not reach out.
    """
    values = np.asarray(sums, np.float64)
    queries = np.asarray(counts, np.float64)
    _check(values, queries, draws, confidence)
    estimates = values.sum(axis=3).mean(axis=(1, 2)) / queries.sum()
    used = tuple(level for level in LEVELS if level in levels and values.shape[_AXES[level]] > 1)
    streams = dict(zip(LEVELS, np.random.SeedSequence(seed).spawn(len(LEVELS)), strict=True))
    influence = _influence(values, queries, estimates)
    variance = crossed_variance(influence, [_AXES[level] for level in used])
    deviations = np.zeros((draws, len(values)))
    for level in used:
        draw = np.random.default_rng(streams[level])
        deviations += _resampled(values, queries, level, draw, draws) - estimates
    deviations *= _shrunk(variance)
    half = _t_quantile(variance.degrees, confidence) * deviations.std(axis=0, ddof=1)
    if values.shape[1] < 2 and "seeds" in levels:
        half = np.full(len(values), np.nan)
    return Bootstrap(
        estimates=estimates,
        low=estimates - half,
        high=estimates + half,
        draws=estimates + deviations,
        levels=used,
    )


def _check(values: Floats, queries: Floats, draws: int, confidence: float) -> None:
    if values.ndim != 4 or queries.shape != values.shape[3:] or 0 in values.shape:
        raise ValueError(f"sums {values.shape} must be (m, s, f, c), counts {queries.shape} (c,)")
    if not np.isfinite(values).all() or not (queries > 0).all():
        raise ValueError("sums must be finite and every class must have queries")
    if draws < 2 or not 0.0 < confidence < 1.0:
        raise ValueError("the bootstrap needs two draws or more and a confidence in (0, 1)")


def _influence(values: Floats, queries: Floats, estimates: Floats) -> Floats:
    """Values (m, s, f, c) whose plain mean is the estimate, classes of all sizes alike."""
    typical = float(queries.mean())
    centre = estimates[:, None, None, None]
    influence: Floats = centre + (values - centre * queries) / typical
    return influence


def _resampled(
    values: Floats, queries: Floats, level: Level, draw: np.random.Generator, draws: int
) -> Floats:
    """The score of each method under `draws` resamplings of one level: (draws, m)."""
    kept = _AXES[level]
    by_class: Floats = values.mean(axis=tuple(axis for axis in (1, 2) if axis != kept))
    sums: Floats = by_class if level == "classes" else by_class.sum(axis=-1)
    size = sums.shape[1]
    weights = draw.multinomial(size - 1, np.full(size, 1.0 / size), size=draws).astype(np.float64)
    sizes: Floats = np.full(draws, (size - 1) * queries.sum())
    if level == "classes":
        sizes = weights @ queries
    scores: Floats = (weights @ sums.T) / sizes[:, None]
    return scores


def _shrunk(variance: CrossedVariance) -> Floats:
    """The factor (m,) that takes added deviations from the counted to the total variance."""
    ones = np.ones_like(variance.counted)
    share = np.divide(variance.total, variance.counted, out=ones, where=variance.counted > 0)
    root: Floats = np.sqrt(share)
    return root


def _t_quantile(degrees: Floats, confidence: float) -> Floats:
    from scipy.special import stdtrit

    return np.asarray(stdtrit(degrees, (1.0 + confidence) / 2.0), np.float64)
