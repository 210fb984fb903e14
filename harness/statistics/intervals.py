"""Confidence intervals over replicates."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.statistics.deviation import standard_deviation


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


def t_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Mean and Student's t-interval: mean +- t((1 + confidence) / 2, n - 1) s / sqrt(n), ddof 1.

    The interval of the reality check (Musgrave et al. 2020, section 4). Raises ValueError for a
    value that is not finite: what to do with a missing score is the caller's to say.
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
    half = _t_quantile(n - 1, confidence) * standard_deviation(values, mean) / math.sqrt(n)
    return Interval(mean=mean, low=mean - half, high=mean + half, n=n)


@functools.cache
def _t_quantile(degrees: int, confidence: float) -> float:
    # What scipy.stats.t.ppf calls, without the second that importing scipy.stats takes.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1.0 + confidence) / 2.0))
