"""Where the relevant items stand, by sorting rows: the way when classes are large."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness.scoring.counting import Scratch
from harness.scoring.geometry import Float32, Int64, Points
from harness.scoring.standing import RelevantRanks, TieGroups

Int32 = npt.NDArray[np.int32]

PART_BYTES = 1 << 20
"""Rows worked on at a time: what one pass leaves in the cache for the next."""
SPARE = 64
"""Places sorted past the last rank asked for, so that a tie across that rank ends among them."""
_VALUE = np.int32(-2)
_INFINITY = np.float32(np.inf).view(np.int32)


@dataclass(frozen=True, eq=False)
class AskedRows:
    """Rows of a gallery's distances, and what is relevant in them.

    `spans`: int64 (Q, 2), the columns [start, stop) of each row that are relevant. `own`: int64
    (Q,), the column of the query itself, which is taken out, or None. `gone`: int64 (Q, E), further
    relevant columns that are taken out, -1 where a query has fewer, or None. `marks`: bool (Q, N),
    the relevant columns, the query's own included, where they are no span. `up_to`: the last rank
    at which anything is read, or None where all are. `doubt`: (share, base) where the distances are
    not exact: two of one row cannot be told apart if they differ by no more than the share of the
    larger and the row's base, float32 (Q,), or agree in all bits but the last; None: only then.
    """

    spans: Int64
    own: Int64 | None
    up_to: int | None
    doubt: tuple[float, Float32] | None = None
    gone: Int64 | None = None
    marks: npt.NDArray[np.bool_] | None = None

    def take(self, rows: slice) -> AskedRows:
        """What is asked of some of the rows."""
        own = None if self.own is None else self.own[rows]
        doubt = None if self.doubt is None else (self.doubt[0], self.doubt[1][rows])
        gone = None if self.gone is None else self.gone[rows]
        marks = None if self.marks is None else self.marks[rows]
        return AskedRows(self.spans[rows], own, self.up_to, doubt, gone, marks)

    @property
    def relevant(self) -> Int64:
        """How many relevant items each row has, what is taken out not counted: int64 (Q,)."""
        if self.marks is not None:
            return np.asarray(self.marks.sum(axis=1) - int(self.own is not None))
        found = self.spans[:, 1] - self.spans[:, 0] - int(self.own is not None)
        return found if self.gone is None else found - (self.gone >= 0).sum(axis=1)


def standing_by_sorting(distances: Float32, asked: AskedRows, scratch: Scratch) -> RelevantRanks:
    """Find the places of the relevant items in each row; `distances` is used up.

    `distances`: float32 (Q, N), C-contiguous, finite, smaller is nearer. Ranks up to
    `asked.up_to` are all there, some beyond it may be.

    The last bit of each distance is given up: it carries the mark of a relevant item through
    the sort. Distances that agree in all other bits are tied, and so are, in a chain, those that
    cannot be told apart: the ties are then those that `settling` has to look into.
    """
    _mark(distances, asked)
    width = distances.shape[1]
    if asked.up_to is not None and 2 * (asked.up_to + SPARE) < width:
        found = _first(distances, asked, asked.up_to, scratch)
        if found is not None:
            return found
    parts = []
    for rows, part in _parts(distances):
        part.sort(axis=1)
        parts.append(_read(part, asked, rows, scratch))
    return standing_of_sorted(parts, width, asked.relevant)


def _first(
    distances: Float32, asked: AskedRows, up_to: int, scratch: Scratch
) -> RelevantRanks | None:
    """Select the nearest before they are sorted; None if a tie does not end among them."""
    depth = up_to + SPARE
    parts = []
    for rows, part in _parts(distances):
        part.partition(depth - 1, axis=1)
        head = part[:, :depth]
        head.sort(axis=1)
        ends = head[:, [up_to - 1, depth - 1]]
        if _alike(ends, asked, rows, scratch).any():
            return None
        parts.append(_read(head, asked, rows, scratch))
    found = standing_of_sorted(parts, depth, asked.relevant)
    over = (found.ties.above < up_to) & (found.ties.above + found.ties.tied == depth)
    return None if over.any() else found


def _parts(distances: Float32) -> list[tuple[slice, Float32]]:
    rows, width = distances.shape
    step = max(1, PART_BYTES // (4 * width))
    parts = [slice(start, start + step) for start in range(0, rows, step)]
    return [(part, distances[part]) for part in parts]


def _mark(distances: Float32, asked: AskedRows) -> None:
    bits = distances.view(np.int32)
    np.bitwise_and(bits, _VALUE, out=bits)
    distances += np.float32(0)  # 0 and -0 are one value and must be one pattern
    if asked.marks is not None:
        np.bitwise_or(bits, asked.marks, out=bits)
    spans = asked.spans
    edges = (np.flatnonzero(np.diff(spans[:, 0])) + 1).tolist()
    for first, last in zip([0, *edges], [*edges, len(spans)], strict=True):
        start, stop = spans[first].tolist()
        bits[first:last, start:stop] |= 1
    if asked.own is not None:
        bits[np.arange(len(bits)), asked.own] = _INFINITY
    if asked.gone is not None:
        row, place = np.nonzero(asked.gone >= 0)
        bits[row, asked.gone[row, place]] = _INFINITY


def _read(
    part: Float32, asked: AskedRows, rows: slice, scratch: Scratch
) -> tuple[int, Int64, Int64]:
    """How many items these sorted rows have, where the marked are, and those tied with the next."""
    same = scratch.array("same", part.shape, np.bool_)
    same[:, :-1] = _alike(part, asked, rows, scratch)
    same[:, -1] = False
    return part.size, _marked(part.view(np.int32), scratch), np.flatnonzero(same)


def _marked(bits: Int32, scratch: Scratch) -> Int64:
    """Flat positions of the marks, ascending."""
    padding = bits.size // 8
    marks = scratch.array("marks", (bits.size + padding,), np.uint8)
    part = marks[: bits.size].reshape(bits.shape)
    np.copyto(part, bits, casting="unsafe")
    np.bitwise_and(part, 1, out=part)
    # Where a tenth or less is set, numpy looks for the next one instead of stepping without a
    # branch, which near a tenth is three times slower.
    marks[bits.size :] = 1
    count = np.count_nonzero(part.view(bool))
    dense = marks if count * 50 > bits.size else marks[: bits.size]
    return np.flatnonzero(dense.view(bool))[:count]


def _alike(part: Float32, asked: AskedRows, rows: slice, scratch: Scratch) -> npt.NDArray[np.bool_]:
    """Which items of sorted rows are tied with the next, or cannot be told from it."""
    shape = (len(part), part.shape[1] - 1)
    bits = part.view(np.int32)
    step = scratch.array("step", shape, np.uint32)
    np.bitwise_xor(bits[:, 1:], bits[:, :-1], out=step.view(np.int32))
    tied = np.less_equal(step, 1)
    if asked.doubt is None:
        return np.asarray(tied)
    share, base = asked.doubt
    if share < 0 and not base.any():  # only values below 0 can be in doubt: the first ones
        shape = (len(part), int((part[:, 1:] < 0).any(axis=0).sum()))
        part = part[:, : shape[1] + 1]
    gap = scratch.array("gap", shape, np.float32)
    np.multiply(part[:, 1:], np.float32(1 - share), out=gap)
    with np.errstate(invalid="ignore"):  # of two that are taken out
        np.subtract(gap, part[:, :-1], out=gap)
    tied[:, : shape[1]] |= np.less_equal(gap, base[rows, None])
    return np.asarray(tied)


def standing_of_sorted(
    parts: list[tuple[int, Int64, Int64]], width: int, relevant: Int64
) -> RelevantRanks:
    """Put together what was read of rows of `width` sorted items.

    Of each part: how many items it has, the flat positions of the marked ones, and of those tied
    with the next in their row, both int64 and ascending. `relevant`: int64 (Q,), of each row.
    """
    sizes, marked, links = zip(*parts, strict=True)
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    places = np.concatenate([some + start for some, start in zip(marked, starts, strict=True)])
    linked = np.concatenate([some + start for some, start in zip(links, starts, strict=True)])
    row_starts = np.arange(len(relevant) + 1) * width
    first = np.searchsorted(places, row_starts)
    ranks = places - np.repeat(row_starts[:-1] - 1, np.diff(first))
    return RelevantRanks(ranks, first, relevant, _tie_groups(linked, places, first, width))


def _tie_groups(links: Int64, marked: Int64, first_of_row: Int64, width: int) -> TieGroups:
    """Find runs of tied items that hold both relevant and other ones; positions are flat."""
    if len(links) == 0:
        return TieGroups.none()
    breaks = np.flatnonzero(np.diff(links) != 1) + 1
    first = links[np.concatenate(([0], breaks))]
    last = links[np.concatenate((breaks - 1, [len(links) - 1]))] + 1
    before = np.searchsorted(marked, first)
    alike = np.searchsorted(marked, last, side="right") - before
    tied = last - first + 1
    mixed = (alike > 0) & (alike < tied)
    row = first[mixed] // width
    return TieGroups(
        row=row,
        better=before[mixed] - first_of_row[row],
        above=first[mixed] - row * width,
        tied=tied[mixed],
        alike=alike[mixed],
    )


_CHUNK = 1 << 20
_SMALLEST = 2.0**-960
Floats = npt.NDArray[np.floating]


def settle(
    standing: RelevantRanks,
    computed: tuple[Float32, Float32],
    asked: AskedRows,
    queries: tuple[Points, Int64],
    gallery: Points,
) -> RelevantRanks:
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
    apart = squared_distances(queries[0], queries[1][row], gallery, column)
    if asked.marks is not None:
        relevant = asked.marks[row, column]
    else:
        relevant = (column >= asked.spans[row, 0]) & (column < asked.spans[row, 1])
    order = np.lexsort((apart, group))
    settled = _reordered(replace(standing, ties=groups), group, apart[order], relevant[order])
    return replace(settled, ties=settled.ties.joined(rest))


def _members(groups: TieGroups, computed: tuple[Float32, Float32], asked: AskedRows) -> list[Int64]:
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
            if asked.gone is not None:
                values[asked.gone[row][asked.gone[row] >= 0]] = np.inf
        found.append(np.flatnonzero((values >= low) & (values <= high)))
    return found


def _value(distances: Float32) -> Float32:
    """Distances without their last bit, in which the sort keeps a mark."""
    bits = np.ascontiguousarray(distances).view(np.int32) & _VALUE
    return np.asarray(bits.view(np.float32) + np.float32(0))


def squared_distances(queries: Points, which: Int64, gallery: Points, column: Int64) -> Floats:
    """Squared distances of some queries from one column each, in float64, `Points.unit` being 1.

    Those that float64 cannot hold, near its ends, are longdouble's, and then all are.
    """
    found = np.empty(len(column))
    odd = np.zeros(len(column), dtype=np.bool_)
    step = max(1, _CHUNK // gallery.rows.shape[1])
    for start in range(0, len(column), step):
        part = slice(start, start + step)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = queries.exactly(which[part]) - gallery.exactly(column[part])
            found[part] = np.square(apart, out=apart).sum(axis=1)
        odd[part] = ~(found[part] > _SMALLEST) | np.isinf(found[part])
    odd[odd] = queries.differs(which[odd], gallery, column[odd])
    if not odd.any():
        return found
    wide = found.astype(np.longdouble)
    for place in np.flatnonzero(odd).tolist():
        gap = queries.widely(which[place]) - gallery.widely(column[place])
        wide[place] = np.square(gap).sum()
    return wide


def _reordered(
    standing: RelevantRanks, group: Int64, apart: Floats, relevant: npt.NDArray[np.bool_]
) -> RelevantRanks:
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
