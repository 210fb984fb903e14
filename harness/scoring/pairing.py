"""All pairs of two sides on a grid of similarities, counted: those of one class, and of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring.geometry import Arrangement, Float32, Int64, Points, arrange, place
from harness.scoring.inputs import Distance, check_embeddings, check_labels, encode
from harness.scoring.sorting import squared_distances

GRID = 2.0**-22
"""The step of cosine similarities; Euclidean distances are told apart to a millionth of each."""

_BLOCK = 1 << 23
_STEPS = 1 << 23
_EXPONENTS = 32
_BELOW_USUAL = 26
_SHIFT = 4
_PLACES = 1 << 24
_NEAR = np.float32(2.0**-10)
_COARSE = 1024
_COARSE_CELLS = 1 << 24

Keys = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ArrangedPair:
    """Arranged queries and gallery, and how their similarities are put on a grid.

    `ends`: int64 (Q, 2), each query's pairs of one class among the gallery's columns; without a
    gallery of its own, columns up to the query itself are pairs that were had before.
    """

    queries: Points
    gallery: Points
    spans: Int64
    classes: tuple[Int64, Int64]
    own: bool
    keys: Callable[[Points, Points], Keys]
    places: int
    value_at: Callable[[int], float]

    def blocks(self, *, whole: bool = False) -> Iterator[tuple[slice, int, Keys]]:
        """Rows of queries, the first column that is looked at, and their keys."""
        size = max(1, min(len(self.queries), _BLOCK // max(1, len(self.gallery))))
        for start in range(0, len(self.queries), size):
            rows = slice(start, min(start + size, len(self.queries)))
            first = start if self.own and not whole else 0
            yield rows, first, self.keys(_part(self.queries, rows), _rest(self.gallery, first))

    @property
    def steps(self) -> int:
        """How many places a coarse grid has, for tables of each class to stay small."""
        count = int(max(side.max() for side in self.classes)) + 1
        return int(max(64, min(_COARSE, _COARSE_CELLS // count)))

    def counted(self) -> tuple[Int64, Int64, Int64]:
        """The places of the grid that pairs are at, most similar first, and how many are there.

        Pairs of one class, and of two: int64, as long as the places.
        """
        tables = _Tables(self.places)
        for rows, first, keys in self.blocks():
            for begin, end, left, right in self._segments(rows):
                part = keys[begin - rows.start : end - rows.start]
                if self.own:
                    inside = part[:, begin - first : right - first]
                    tables.same.add(inside[np.triu(np.ones(inside.shape, dtype=np.bool_), 1)])
                    part[:, : right - first] = self.places
                else:
                    # A copy: of one row, or of all columns, a view would be voided below.
                    tables.same.add(part[:, left:right].flatten())
                    part[:, left:right] = self.places
            tables.other.add(keys.ravel())
        return tables.filled()

    def by_class(self, coarse: npt.NDArray[np.int16], steps: int) -> tuple[Int64, Int64]:
        """The two tables on a coarser grid, for each class that a pair is of: (C, steps).

        `coarse`: which coarse place each place is. A pair of two classes counts for both.
        """
        count = int(max(side.max() for side in self.classes)) + 1
        same, other = np.zeros((2, count, steps + 1), dtype=np.int64)
        lookup = np.append(coarse, np.int16(steps))
        for rows, first, keys in self.blocks(whole=True):
            for begin, end, left, right in self._segments(rows):
                part = keys[begin - rows.start : end - rows.start]
                label = self.classes[0][begin]
                inside = lookup[part[:, left - first : right - first]]
                if self.own:
                    own = np.arange(begin, end)
                    inside[own - begin, own - left] = steps
                same[label] += np.bincount(inside.ravel(), minlength=steps + 1)
                part[:, left - first : right - first] = self.places
                found = lookup[part]
                other[label] += np.bincount(found.ravel(), minlength=steps + 1)
                if not self.own:
                    self._count_columns(other, found, steps)
        if self.own:
            same //= 2
        return same[:, :steps], other[:, :steps]

    def _count_columns(self, other: Int64, found: npt.NDArray[np.int16], steps: int) -> None:
        flat = found.astype(np.int64) + self.classes[1] * (steps + 1)
        other += np.bincount(flat.ravel(), minlength=other.size).reshape(other.shape)

    def _segments(self, rows: slice) -> Iterator[tuple[int, int, int, int]]:
        """Runs of queries of one class: their rows, and the columns of that class."""
        classes = self.classes[0][rows]
        cuts = np.flatnonzero(np.diff(classes)) + 1
        edges = [rows.start, *(rows.start + cuts).tolist(), rows.stop]
        for begin, end in pairwise(edges):
            yield begin, end, int(self.spans[begin, 0]), int(self.spans[begin, 1])


class _Count:
    """How often each place comes; keys beyond the last place are void."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._held: list[Keys] = []
        self._size = 0
        self.table: Int64 | None = None

    def add(self, keys: Keys) -> None:
        """Count some more keys; few are kept until there are many."""
        self._held.append(keys)
        self._size += len(keys)
        if self._size >= _BLOCK:
            self.dense()

    def dense(self) -> Int64:
        """A count for each place: int64 (places,)."""
        if self.table is None:
            self.table = np.zeros(self._places, dtype=np.int64)
        for keys in [np.concatenate(self._held)] if len(self._held) > 1 else self._held:
            self.table += np.bincount(keys, minlength=self._places + 1)[: self._places]
        self._held, self._size = [], 0
        return self.table

    def sparse(self) -> tuple[Int64, Int64]:
        """The places that came, ascending, and how often: quick for few."""
        held = np.concatenate(self._held) if self._held else np.zeros(0, dtype=np.int32)
        places, counts = np.unique(held[held < self._places], return_counts=True)
        return places.astype(np.int64), counts


class _Tables:
    """Counts of pairs of one class and of two."""

    def __init__(self, places: int) -> None:
        self.same, self.other = _Count(places), _Count(places)

    def filled(self) -> tuple[Int64, Int64, Int64]:
        """Places from the most similar, and how many pairs of one class and of two are there."""
        if self.same.table is not None or self.other.table is not None:
            same, other = self.same.dense(), self.other.dense()
            every = np.flatnonzero(same + other)[::-1]
            return every, same[every], other[every]
        places, counts = zip(self.same.sparse(), self.other.sparse(), strict=True)
        every = np.union1d(*places)
        tables = np.zeros((2, len(every)), dtype=np.int64)
        for table, at, count in zip(tables, places, counts, strict=True):
            table[np.searchsorted(every, at)] = count
        return every[::-1], tables[0, ::-1], tables[1, ::-1]


def pairs_of(
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    gallery: npt.ArrayLike | None,
    gallery_labels: npt.ArrayLike | None,
    metric: Distance,
) -> ArrangedPair:
    """All pairs of (N, D) with (G, D), or among themselves; UserError as `score_embeddings`."""
    rows = check_embeddings(embeddings)
    named = check_labels(labels, len(rows))
    if gallery is None or gallery_labels is None:
        (codes,) = encode(named, None)
        (points,) = place(rows, metric)
        asked = arrange(points.rows, codes)
        queries = points.take(asked.order)
        return _built(queries, queries, asked, asked, metric, own=True)
    shelf = check_embeddings(gallery, what="gallery")
    if shelf.shape[1] != rows.shape[1]:
        raise UserError(
            f"gallery has {shelf.shape[1]} dimensions, the embeddings have {rows.shape[1]}"
        )
    codes, others = encode(named, check_labels(gallery_labels, len(shelf), what="gallery labels"))
    points, stored = place(rows, metric, shelf)
    asked, kept = arrange(points.rows, codes), arrange(stored.rows, others)
    return _built(points.take(asked.order), stored.take(kept.order), asked, kept, metric, own=False)


def _built(
    queries: Points, gallery: Points, asked: Arrangement, kept: Arrangement, metric: Distance, *,
    own: bool,
) -> ArrangedPair:  # fmt: skip
    classes = asked.codes[asked.classes], kept.codes[kept.classes]
    where = {int(code): place for place, code in enumerate(kept.codes)}
    spans = np.zeros((len(asked.codes), 2), dtype=np.int64)
    for place_, code in enumerate(asked.codes):
        found = where.get(int(code))
        if found is not None:
            spans[place_] = kept.starts[found], kept.starts[found + 1]
    if metric == "cosine":
        return ArrangedPair(
            queries, gallery, spans[asked.classes], classes, own,
            _cosine_keys, _STEPS + 1, lambda at: at * GRID - 1,
        )  # fmt: skip
    grid = _DistanceGrid.of(queries, gallery)
    return ArrangedPair(
        queries, gallery, spans[asked.classes], classes, own, grid.keys, grid.places, grid.value_at
    )


def _cosine_keys(queries: Points, gallery: Points) -> Keys:
    """The place of each similarity from -1 to 1: what float32 has from 2 to 4."""
    found: Float32 = np.matmul(queries.rows, gallery.rows.T)
    np.clip(found, -1, 1, out=found)
    found += np.float32(3)
    keys: Keys = found.view(np.int32)
    keys -= np.float32(2).view(np.int32)
    return keys


@dataclass(frozen=True)
class _DistanceGrid:
    """Squared distances by the leading bits of their float32; nearer ones have later places.

    The grid reaches from the largest distance of all to a small part of the usual one; where a few
    far points make that more than 32 powers of two, it has fewer bits of each (`shift`).
    """

    lowest: int
    shift: int
    places: int
    unit: float

    @classmethod
    def of(cls, queries: Points, gallery: Points) -> _DistanceGrid:
        halves = np.concatenate([_halves(queries), _halves(gallery)])
        least = float(np.finfo(np.float32).tiny)
        highest, usual = (
            int(np.float32(max(4 * float(of), least)).view(np.int32))
            for of in (halves.max(), np.median(halves))
        )
        lowest = min(highest - (_EXPONENTS << 23), usual - (_BELOW_USUAL << 23))
        lowest, shift = max(0, lowest), _SHIFT
        while (highest - lowest) >> shift > _PLACES:
            shift += 1
        return cls(lowest, shift, ((highest - lowest) >> shift) + 2, queries.unit)

    def keys(self, queries: Points, gallery: Points) -> Keys:
        """The place of each distance."""
        found: Float32 = np.matmul(queries.rows, -gallery.rows.T)
        found += _halves(queries)[:, None]
        found += _halves(gallery)
        np.maximum(found, 0, out=found)
        if queries.doubt > 0:
            _settle(found, queries, gallery)
        keys: Keys = found.view(np.int32)
        keys -= self.lowest
        np.maximum(keys, 0, out=keys)
        keys >>= self.shift
        np.subtract(self.places - 1, keys, out=keys)
        return np.maximum(keys, 0, out=keys)

    def value_at(self, at: int) -> float:
        """The distance, in the input's units, that a place stands for."""
        bits = ((self.places - 1 - at) << self.shift) + self.lowest
        half = float(np.int32(bits).view(np.float32)) if bits > self.lowest else 0.0
        return float(np.sqrt(2 * half)) * self.unit


def _settle(found: Float32, queries: Points, gallery: Points) -> None:
    """Put float64's value where points are so near each other that float32 rounds it away."""
    near = found < _NEAR * _halves(queries)[:, None] + _NEAR * _halves(gallery)
    if not np.isfinite(queries.doubt):
        near[:] = True
    rows, columns = np.nonzero(near)
    with np.errstate(over="ignore"):
        exact = (squared_distances(queries, rows, gallery, columns) / 2).astype(np.float32)
    found[rows, columns] = exact


def _halves(points: Points) -> Float32:
    assert points.half_norms is not None
    return points.half_norms


def _part(points: Points, rows: slice) -> Points:
    halves = None if points.half_norms is None else points.half_norms[rows]
    index = np.arange(len(points)) if points.index is None else points.index
    return replace(points, rows=points.rows[rows], half_norms=halves, index=index[rows])


def _rest(points: Points, first: int) -> Points:
    return points if first == 0 else _part(points, slice(first, None))
