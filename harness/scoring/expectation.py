"""Expected scores over all orders of tied items, in closed form.

A tie group is a set of items that are equally near the query: `tied` items, `alike` of them
relevant, that begin after `above` items, `better` of those relevant. All orders inside a group
are equally likely. The item at place j of the group (rank k = above + j) is relevant with
probability alike / tied, and given that it is, the relevant items up to it number
better + 1 + (j - 1) (alike - 1) / (tied - 1) in expectation. docs/metrics.md derives the rest.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class Groups(Protocol):
    """Tie groups, as int64 arrays of one length."""

    @property
    def above(self) -> Int64: ...  # noqa: D102
    @property
    def better(self) -> Int64: ...  # noqa: D102
    @property
    def tied(self) -> Int64: ...  # noqa: D102
    @property
    def alike(self) -> Int64: ...  # noqa: D102


@lru_cache(maxsize=8)
def harmonic(count: int) -> Float64:
    """Harmonic numbers H(0)..H(count), float64 of shape (count + 1,), read-only."""
    numbers = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, count + 1))))
    numbers.flags.writeable = False
    return numbers


def expected_precision_sum(groups: Groups, cut: int | Int64, harmonics: Float64) -> Float64:
    """Each group's expected share of sum_k P(k) rel(k), the sum ending at rank `cut`."""
    inside = np.clip(cut - groups.above, 0, groups.tied)
    slope = (groups.alike - 1) / np.maximum(groups.tied - 1, 1)
    constant = groups.better + 1 - slope * (groups.above + 1)
    rise = harmonics[groups.above + inside] - harmonics[groups.above]
    return np.asarray((constant * rise + slope * inside) * groups.alike / groups.tied)


def expected_hits(groups: Groups, cut: int | Int64) -> Float64:
    """How many of each group's relevant items stand within the first `cut` ranks, expected."""
    inside = np.clip(cut - groups.above, 0, groups.tied)
    return np.asarray(inside * groups.alike / groups.tied)


def chance_of_hit(above: Int64, tied: Int64, alike: Int64, k: int) -> Float64:
    """Probability that any of the first k is relevant, from each query's first relevant group."""
    chance = (above < k).astype(np.float64)
    open_ = np.flatnonzero((tied > alike) & (above < k))
    if len(open_):
        chance[open_] = 1.0 - _all_miss(above[open_], tied[open_], alike[open_], k)
    return chance


def _all_miss(above: Int64, tied: Int64, alike: Int64, k: int) -> Float64:
    """C(tied - alike, m) / C(tied, m) for the m places of the group among the first k."""
    m = np.minimum(k - above, tied)
    few, many = np.minimum(m, alike), np.maximum(m, alike)
    none = np.ones(len(above))
    for drawn in range(int(few.max())):
        left = np.maximum(tied - many - drawn, 0) / np.maximum(tied - drawn, 1)
        none *= np.where(drawn < few, left, 1.0)
    return none


def expected_reciprocal_rank(above: Int64, tied: Int64, alike: Int64) -> Float64:
    """Expected 1 / rank of the first relevant item, from each query's first relevant group."""
    scores = 1.0 / (above + 1)
    open_ = np.flatnonzero(tied > alike)
    if len(open_):
        cases = np.stack((above[open_], tied[open_], alike[open_]), axis=1)
        distinct, inverse = np.unique(cases, axis=0, return_inverse=True)
        scores[open_] = np.array([_reciprocal(*case) for case in distinct.tolist()])[inverse]
    return scores


def _reciprocal(above: int, tied: int, alike: int) -> float:
    # P(first at j + 1) = P(first at j) (tied - alike - j + 1) / (tied - j)
    j = np.arange(1, tied - alike + 1)
    chance = np.cumprod(np.concatenate(([alike / tied], (tied - alike - j + 1) / (tied - j))))
    return float(np.sum(chance / (above + np.arange(1, tied - alike + 2))))
