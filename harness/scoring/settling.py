"""Settling in float64 what float32 cannot tell: the order of items that are nearly as far.

A sort of float32 distances leaves groups of items that its rounding may have put in another order.
Of each group that holds both relevant and other items, the distances are computed again as sums
of squared differences in float64, and only they count: items are tied where those are equal.
Groups so far off that float32 is as good as it gets, relative to the distance, stay tied.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Float32, Int64, Points
from harness.scoring.sorting import Asked
from harness.scoring.standing import Standing, TieGroups

_CHUNK = 1 << 20
_VALUE = np.int32(-2)
Float64 = npt.NDArray[np.float64]


def settle(
    standing: Standing,
    computed: tuple[Float32, Float32],
    asked: Asked,
    queries: tuple[Points, Int64],
    gallery: Points,
) -> Standing:
    """Put the groups of a standing in their order by float64; `standing.ties` are the groups.

    `computed`: the distances before the sort and after it, float32 (Q, N) both. `queries`: the
    points and which of them the rows are.
    """
    assert asked.doubt is not None, "exact distances leave nothing to settle"
    if asked.up_to is not None:  # what stands below is not read
        standing = replace(standing, ties=standing.ties.where(standing.ties.above < asked.up_to))
    share, base = asked.doubt
    ties = standing.ties
    doubtful = base[ties.row] + np.float32(share) * computed[1][ties.row, ties.above] > 0
    groups, rest = ties.where(doubtful), ties.where(~doubtful)
    if len(groups.row) == 0:
        return standing
    columns = _members(groups, computed, asked)
    group = np.repeat(np.arange(len(columns)), [len(some) for some in columns])
    column = np.concatenate(columns)
    row = groups.row[group]
    apart = _distances(queries[0], queries[1][row], gallery, column)
    relevant = (column >= asked.spans[row, 0]) & (column < asked.spans[row, 1])
    order = np.lexsort((apart, group))
    settled = _reordered(replace(standing, ties=groups), group, apart[order], relevant[order])
    return replace(settled, ties=settled.ties.joined(rest))


def _members(groups: TieGroups, computed: tuple[Float32, Float32], asked: Asked) -> list[Int64]:
    """The columns of each group: all of its row whose computed distance is in the group's range."""
    before, after = computed
    nearest = _value(after[groups.row, groups.above])
    farthest = _value(after[groups.row, groups.above + groups.tied - 1])
    found, row, values = [], -1, before[0]
    for group, low, high in zip(groups.row.tolist(), nearest, farthest, strict=True):
        if group != row:
            row, values = group, _value(before[group])
            if asked.own is not None:
                values[asked.own[row]] = np.inf
        found.append(np.flatnonzero((values >= low) & (values <= high)))
    return found


def _value(distances: Float32) -> Float32:
    """Distances without their last bit, in which the sort keeps a mark."""
    bits = np.ascontiguousarray(distances).view(np.int32) & _VALUE
    return np.asarray(bits.view(np.float32) + np.float32(0))


def _distances(queries: Points, which: Int64, gallery: Points, column: Int64) -> Float64:
    found = np.empty(len(column))
    step = max(1, _CHUNK // gallery.rows.shape[1])
    for start in range(0, len(column), step):
        part = slice(start, start + step)
        apart = queries.exactly(which[part]) - gallery.exactly(column[part])
        with np.errstate(over="ignore"):
            found[part] = np.square(apart, out=apart).sum(axis=1)
    return found


def _reordered(
    standing: Standing, group: Int64, apart: Float64, relevant: npt.NDArray[np.bool_]
) -> Standing:
    """The standing with its groups' members as given: group by group, the nearest first."""
    old = standing.ties
    start = np.searchsorted(group, np.arange(len(old.row)))
    place = np.arange(len(group)) - start[group]
    marks = np.concatenate(([0], np.cumsum(relevant)))
    ranks = standing.ranks.copy()
    at = np.flatnonzero(relevant)
    of = group[at]
    nth = marks[at] - marks[start[of]]
    ranks[standing.first[old.row[of]] + old.better[of] + nth] = old.above[of] + place[at] + 1
    fresh = np.ones(len(group), dtype=bool)
    fresh[1:] = (group[1:] != group[:-1]) | (apart[1:] != apart[:-1])
    first = np.flatnonzero(fresh)
    tied = np.diff(np.append(first, len(group)))
    alike = marks[first + tied] - marks[first]
    mixed = (alike > 0) & (alike < tied)
    first, of = first[mixed], group[first[mixed]]
    ties = TieGroups(
        row=old.row[of],
        better=old.better[of] + marks[first] - marks[start[of]],
        above=old.above[of] + place[first],
        tied=tied[mixed],
        alike=alike[mixed],
    )
    return replace(standing, ranks=ranks, ties=ties)
