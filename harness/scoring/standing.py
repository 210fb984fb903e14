"""Where the relevant items of some queries stand, ties included, and the scores that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.expectation import (
    Float64,
    chance_of_hit,
    expected_hits,
    expected_precision_sum,
    expected_reciprocal_rank,
    harmonic,
)
from harness.scoring.geometry import Int64


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


@dataclass(frozen=True, eq=False)
class Standing:
    """Ranks of the R relevant items of each of Q queries.

    `ranks`: int64 (Q, R), from 1, ascending in each row, in one of the orders that ties allow.
    `ties`: where another order would give other scores.
    """

    ranks: Int64
    ties: TieGroups


def score(standing: Standing, *, gallery: int, recall_at: Sequence[int]) -> dict[str, Float64]:
    """Score each query: name to float64 (Q,). `gallery`: how many items it holds at most."""
    ranks, ties = standing.ranks, standing.ties
    relevant = ranks.shape[1]
    precisions = np.arange(1.0, relevant + 1) / ranks
    hits = (ranks <= relevant).astype(np.float64)
    within = precisions * hits
    if len(ties.row):
        harmonics = harmonic(gallery)
        _settle(precisions, ties, expected_precision_sum(ties, gallery, harmonics))
        _settle(within, ties, expected_precision_sum(ties, relevant, harmonics))
        _settle(hits, ties, expected_hits(ties, relevant))
    above, tied, alike = _first_groups(standing)
    return {
        "precision_at_1": chance_of_hit(above, tied, alike, 1),
        **{f"recall_at_{k}": chance_of_hit(above, tied, alike, k) for k in recall_at},
        "r_precision": hits.mean(axis=1),
        "map_at_r": within.mean(axis=1),
        "map": precisions.mean(axis=1),
        "mrr": expected_reciprocal_rank(above, tied, alike),
    }


def _settle(summands: Float64, ties: TieGroups, expected: Float64) -> None:
    """Put each group's expectation in the place of its first relevant item, 0 in the others'."""
    flat = summands.reshape(-1)
    first = ties.row * summands.shape[1] + ties.better
    more = ties.alike - 1
    others = np.repeat(first - np.cumsum(more) + more + 1, more) + np.arange(more.sum())
    flat[others] = 0.0
    flat[first] = expected


def _first_groups(standing: Standing) -> tuple[Int64, Int64, Int64]:
    ties = standing.ties
    above = standing.ranks[:, 0] - 1
    tied, alike = np.ones_like(above), np.ones_like(above)
    first = ties.better == 0
    row = ties.row[first]
    above[row], tied[row], alike[row] = ties.above[first], ties.tied[first], ties.alike[first]
    return above, tied, alike
