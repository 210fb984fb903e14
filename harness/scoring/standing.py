"""Where the relevant items of some queries stand, ties included, and the scores that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Int64

Float64 = npt.NDArray[np.float64]


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


@dataclass(frozen=True, eq=False)
class TieGroups:
    """Groups of equally near items of which some, not all, are relevant: int64 of one length.

    A group belongs to the query `row`, begins after `above` items, `better` of them relevant, and
    has `tied` items, `alike` of them relevant.
    """

    row: Int64
    better: Int64
    above: Int64
    tied: Int64
    alike: Int64

    @classmethod
    def none(cls) -> TieGroups:
        """No group at all."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, nothing, nothing)

    def across(self, ranks: Int64) -> TieGroups:
        """Those groups that hold both this rank of their query, of int64 (Q,), and the next."""
        rank = ranks[self.row]
        return self.where((self.above < rank) & (self.above + self.tied > rank))

    def joined(self, other: TieGroups) -> TieGroups:
        """These groups and others of the same queries."""
        columns = [field.name for field in fields(self)]
        return TieGroups(
            *(np.concatenate([getattr(one, name) for one in (self, other)]) for name in columns)
        )

    def where(self, which: npt.NDArray[np.bool_]) -> TieGroups:
        """Some of the groups."""
        columns = (self.row, self.better, self.above, self.tied, self.alike)
        return TieGroups(*(column[which] for column in columns))


@dataclass(frozen=True, eq=False)
class RelevantRanks:
    """Ranks of the relevant items of Q queries, one query after the other; all arrays int64.

    `ranks`: (M,), from 1, ascending for each query, in one of the orders that ties allow; those
    beyond the last that is asked for may be missing. `first`: (Q + 1,), where each query's begin.
    `relevant`: (Q,), how many relevant items each query has. `ties`: where another order would
    give other scores.
    """

    ranks: Int64
    first: Int64
    relevant: Int64
    ties: TieGroups


@dataclass(frozen=True, eq=False)
class Tally:
    """What the scores of Q queries are made of.

    `r_precision`, `map_at_r`, `map`: float64 (Q,). `above`, `tied`, `alike`: int64 (Q,), of the
    first group of equally near items that holds a relevant one, how many items stand before it,
    are in it, and are relevant in it.
    """

    r_precision: Float64
    map_at_r: Float64
    map: Float64
    above: Int64
    tied: Int64
    alike: Int64

    def replaced(self, rows: Int64, other: Tally) -> Tally:
        """The same, with those of some queries from another tally, query after query."""
        columns = {field.name: getattr(self, field.name).copy() for field in fields(self)}
        for name, column in columns.items():
            column[rows] = getattr(other, name)
        return Tally(**columns)


def joined(tallies: Sequence[Tally]) -> Tally:
    """All queries of some tallies, in that order."""
    columns = [field.name for field in fields(Tally)]
    return Tally(*(np.concatenate([getattr(one, name) for one in tallies]) for name in columns))


def tally(standing: RelevantRanks, *, gallery: int) -> Tally:
    """Sum up each query's ranks. `gallery`: how many items it holds at most."""
    ranks, first, relevant, ties = (
        standing.ranks,
        standing.first,
        standing.relevant,
        standing.ties,
    )
    found = np.diff(first)
    precisions = (np.arange(1, len(ranks) + 1) - np.repeat(first[:-1], found)) / ranks
    inside = _up_to(standing)
    hits, within = np.zeros((2, len(relevant)))
    if len(ties.row):
        harmonics = harmonic(gallery)
        _settle(precisions, standing, expected_precision_sum(ties, gallery, harmonics))
        cut = ties.across(relevant)  # at most one group of each query
        inside[cut.row] = cut.better
        hits[cut.row] = expected_hits(cut, relevant[cut.row])
        within[cut.row] = expected_precision_sum(cut, relevant[cut.row], harmonics)
    before, after = _sums(precisions, inside, found - inside)
    return Tally(
        (hits + inside) / relevant,
        (within + before) / relevant,
        (before + after) / relevant,
        *_first_groups(standing, gallery),
    )


def score(found: Tally, *, recall_at: Sequence[int], whole: bool) -> dict[str, Float64]:
    """Score each query: name to float64 (Q,); `map` and `mrr` if the `whole` ranking is known."""
    first = found.above, found.tied, found.alike
    scores = {
        "precision_at_1": chance_of_hit(*first, 1),
        **{f"recall_at_{k}": chance_of_hit(*first, k) for k in recall_at},
        "r_precision": found.r_precision,
        "map_at_r": found.map_at_r,
    }
    if whole:
        scores |= {"map": found.map, "mrr": expected_reciprocal_rank(*first)}
    return scores


def _up_to(standing: RelevantRanks) -> Int64:
    """How many ranks of each query are within its first R."""
    within = standing.ranks <= np.repeat(standing.relevant, np.diff(standing.first))
    return np.diff(np.concatenate(([0], np.cumsum(within)))[standing.first])


def _sums(summands: Float64, *sizes: Int64) -> tuple[Float64, ...]:
    """Sum `summands` in pieces: of each query so many, then so many."""
    pieces = np.stack(sizes, axis=1).ravel()
    some = pieces > 0
    sums = np.zeros(len(pieces))
    if some.any():
        sums[some] = np.add.reduceat(summands, (np.cumsum(pieces) - pieces)[some])
    return tuple(sums.reshape(-1, len(sizes)).T)


def _settle(summands: Float64, standing: RelevantRanks, expected: Float64) -> None:
    """Put each group's expectation in the place of its first relevant item, 0 in the others'."""
    ties = standing.ties
    first = standing.first[ties.row] + ties.better
    more = ties.alike - 1
    others = np.repeat(first - np.cumsum(more) + more + 1, more) + np.arange(more.sum())
    summands[others] = 0.0
    summands[first] = expected


def _first_groups(standing: RelevantRanks, gallery: int) -> tuple[Int64, Int64, Int64]:
    ties, some = standing.ties, np.diff(standing.first) > 0
    above = np.full(len(some), gallery, dtype=np.int64)
    above[some] = standing.ranks[standing.first[:-1][some]] - 1
    tied, alike = np.ones_like(above), np.ones_like(above)
    first = ties.better == 0
    row = ties.row[first]
    above[row], tied[row], alike[row] = ties.above[first], ties.tied[first], ties.alike[first]
    return above, tied, alike
