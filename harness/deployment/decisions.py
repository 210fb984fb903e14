"""The open-set decision, and what it gets wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.deployment.nearest import Found, Int64, Mask
from harness.deployment.thresholds import Thresholds


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one gallery and its thresholds do to some queries; a share of none is NaN.

    `precision_at_1`: share of the queries of enrolled classes whose nearest entry is of their
    class, accepted or not. `false_reject`: share of those that are not accepted. `false_accept`:
    share of the queries of other classes that are. `gallery`: how many entries were searched.
    """

    precision_at_1: float
    false_accept: float
    false_reject: float
    gallery: float


MEASURES = ("precision_at_1", "false_accept", "false_reject", "gallery")


def accept(found: Found, thresholds: Thresholds) -> Mask:
    """Whether each query is taken for the class found: bool (Q,). A distance at tau still is."""
    near: Mask = np.isfinite(found.distances) & (found.distances <= thresholds.limits(found.labels))
    return near


def judge(
    found: Found, thresholds: Thresholds, *, truth: Int64, enrolled: Int64, entries: int
) -> Outcome:
    """Score decisions against the truth, the only place where a query's label is read.

    `truth`: int64 (Q,); `enrolled`: the classes that the gallery was made for.
    """
    accepted = accept(found, thresholds)
    known = np.isin(truth, enrolled)
    return Outcome(
        precision_at_1=_share((found.labels == truth)[known]),
        false_accept=_share(accepted[~known]),
        false_reject=_share(~accepted[known]),
        gallery=float(entries),
    )


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The mean of each measure, of one outcome or more."""
    count = len(outcomes)
    return Outcome(
        **{
            name: math.fsum(getattr(outcome, name) for outcome in outcomes) / count
            for name in MEASURES
        }
    )


def _share(which: Mask) -> float:
    return float(which.mean()) if len(which) else math.nan
