"""Verification: are two items of one class? ROC AUC, EER and TAR at FAR over all pairs.

Similarities are put on a grid, and counted in one table for pairs of one class and one for pairs
of two. All scores are exact sums over the tables, whatever the number of pairs; pairs that share
a place on the grid are ties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring.bootstrap import Interval
from harness.scoring.geometry import Arrangement, Float32, Int64, Points, arrange, place
from harness.scoring.inputs import Distance, check_distance, check_embeddings, check_labels, encode

FARS = (1e-1, 1e-2, 1e-3, 1e-4)
GRID = 2.0**-22
"""The step of cosine similarities; Euclidean distances are told apart to a millionth of each."""

_BLOCK = 1 << 23
_STEPS = 1 << 23
_EXPONENTS = 32
_SHIFT = 4
_COARSE = 1024
_COARSE_CELLS = 1 << 24
_FEW_FALSE = 10
_DRAWS = 100

Keys = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification:
    """Scores of all pairs.

    `values`: roc_auc, eer, and tar_at_far_X for each rate asked for. `thresholds`: of eer and the
    tars, the similarity (cosine) from which, or the distance (Euclidean) up to which, a pair is
    accepted. `positives`, `negatives`: how many pairs there are of one class and of two.
    `intervals`: 95 %, from a bootstrap over classes; empty if not asked for.
    """

    values: dict[str, float]
    thresholds: dict[str, float]
    positives: int
    negatives: int
    intervals: dict[str, Interval]

    @property
    def notes(self) -> list[str]:
        """What is to be said of rates that the pairs are too few for."""
        scarce = [
            name
            for name in self.values
            if name.startswith("tar_at_far_") and far_of(name) * self.negatives < _FEW_FALSE
        ]
        if not scarce:
            return []
        return [
            f"{self.negatives:,} pairs of two classes are few for {', '.join(scarce)}: fewer than "
            f"{_FEW_FALSE} false accepts"
        ]


def name_of(far: float) -> str:
    """The name of the true accept rate at a false accept rate."""
    return f"tar_at_far_{far:g}"


def far_of(name: str) -> float:
    """The false accept rate in such a name."""
    return float(name.removeprefix("tar_at_far_"))


def verify(  # noqa: PLR0913 - the gallery comes in two parts
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    gallery: npt.ArrayLike | None = None,
    gallery_labels: npt.ArrayLike | None = None,
    fars: Sequence[float] = FARS,
    distance: Distance = "cosine",
    draws: int = 0,
    seed: int = 0,
) -> Verification:
    """Score every pair of items, or of a query and a gallery item, as docs/metrics.md has it.

    `embeddings`, `labels`, `gallery` and `gallery_labels` as in `score_embeddings`. `draws` of a
    bootstrap over classes with `seed` give intervals; 0 leaves them out. Raises UserError for what
    cannot be scored: no pair of one class, or none of two.
    """
    metric = check_distance(distance)
    _check_fars(fars)
    pairs = _pairs(embeddings, labels, gallery, gallery_labels, metric)
    filled, same, other = pairs.counted()
    positives, negatives = int(same.sum()), int(other.sum())
    if not positives or not negatives:
        kind = "of one class" if not positives else "of two classes"
        raise UserError(f"verification needs pairs {kind}: there are none")
    curve = _Curve(same, other)
    values, places = curve.scores(fars)
    thresholds = {name: pairs.value_at(int(filled[at])) for name, at in places.items()}
    intervals = {}
    if draws:
        coarse = _coarser(same, other, pairs.steps)
        lookup = np.zeros(pairs.places, dtype=np.int16)
        lookup[filled] = coarse
        intervals = _intervals(pairs, lookup, values, fars, draws=draws, seed=seed)
    return Verification(
        values=values,
        thresholds=thresholds,
        positives=positives,
        negatives=negatives,
        intervals=intervals,
    )


def _check_fars(fars: Sequence[float]) -> None:
    if any(not 0 < far < 1 for far in fars):
        raise UserError(f"false accept rates lie between 0 and 1, not {tuple(fars)}")


class _Curve:
    """The ROC of two tables, from the most similar place to the least."""

    def __init__(self, same: npt.NDArray[np.number], other: npt.NDArray[np.number]) -> None:
        self.same, self.other = same.astype(np.float64), other.astype(np.float64)
        self.accepted = np.concatenate(([0.0], np.cumsum(self.same)))
        self.false = np.concatenate(([0.0], np.cumsum(self.other)))

    def scores(self, fars: Sequence[float]) -> tuple[dict[str, float], dict[str, int]]:
        """The scores, and which place of the tables each threshold is at."""
        all_same, all_other = self.accepted[-1], self.false[-1]
        above = self.accepted[:-1] + self.same / 2
        values = {"roc_auc": float(np.dot(self.other, above) / (all_same * all_other))}
        tar, far = self.accepted / all_same, self.false / all_other
        missed = 1 - tar
        cross = int(np.argmax(far >= missed))
        # Between two places the curve is straight, as ties are accepted by lot.
        gap, next_gap = missed[cross - 1] - far[cross - 1], far[cross] - missed[cross]
        share = gap / (gap + next_gap) if gap + next_gap > 0 else 1.0
        values["eer"] = float(far[cross - 1] + share * (far[cross] - far[cross - 1]))
        places = {"eer": max(cross - 1, 0)}
        for rate in fars:
            reached = int(np.searchsorted(far, rate, side="right")) - 1
            values[name_of(rate)] = float(tar[reached])
            places[name_of(rate)] = max(reached - 1, 0)
        return values, places


@dataclass(frozen=True, eq=False)
class _Pairs:
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
                    tables.same.add(part[:, left:right].ravel())
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


def _pairs(
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    gallery: npt.ArrayLike | None,
    gallery_labels: npt.ArrayLike | None,
    metric: Distance,
) -> _Pairs:
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
) -> _Pairs:  # fmt: skip
    classes = asked.codes[asked.classes], kept.codes[kept.classes]
    where = {int(code): place for place, code in enumerate(kept.codes)}
    spans = np.zeros((len(asked.codes), 2), dtype=np.int64)
    for place_, code in enumerate(asked.codes):
        found = where.get(int(code))
        if found is not None:
            spans[place_] = kept.starts[found], kept.starts[found + 1]
    if metric == "cosine":
        return _Pairs(
            queries, gallery, spans[asked.classes], classes, own,
            _cosine_keys, _STEPS + 1, lambda at: at * GRID - 1,
        )  # fmt: skip
    grid = _DistanceGrid.of(queries, gallery)
    return _Pairs(
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
    """Squared distances by the leading bits of their float32; nearer ones have later places."""

    lowest: int
    places: int
    unit: float

    @classmethod
    def of(cls, queries: Points, gallery: Points) -> _DistanceGrid:
        assert queries.half_norms is not None
        assert gallery.half_norms is not None
        far = 4 * max(float(queries.half_norms.max()), float(gallery.half_norms.max()))
        least = float(np.finfo(np.float32).tiny)
        highest = int(np.float32(max(far, least)).view(np.int32))
        lowest = max(0, highest - (_EXPONENTS << 23))
        return cls(lowest, ((highest - lowest) >> _SHIFT) + 2, queries.unit)

    def keys(self, queries: Points, gallery: Points) -> Keys:
        """The place of each distance."""
        assert queries.half_norms is not None
        assert gallery.half_norms is not None
        found: Float32 = np.matmul(queries.rows, -gallery.rows.T)
        found += queries.half_norms[:, None]
        found += gallery.half_norms
        np.maximum(found, 0, out=found)
        keys: Keys = found.view(np.int32)
        keys -= self.lowest
        np.maximum(keys, 0, out=keys)
        keys >>= _SHIFT
        np.subtract(self.places - 1, keys, out=keys)
        return np.maximum(keys, 0, out=keys)

    def value_at(self, at: int) -> float:
        """The distance, in the input's units, that a place stands for."""
        bits = ((self.places - 1 - at) << _SHIFT) + self.lowest
        half = float(np.int32(bits).view(np.float32)) if bits > self.lowest else 0.0
        return float(np.sqrt(2 * half)) * self.unit


def _part(points: Points, rows: slice) -> Points:
    halves = None if points.half_norms is None else points.half_norms[rows]
    return Points(points.rows[rows], halves, points.unit)


def _rest(points: Points, first: int) -> Points:
    return points if first == 0 else _part(points, slice(first, None))


def _intervals(
    pairs: _Pairs,
    coarse: npt.NDArray[np.int16],
    exact: dict[str, float],
    fars: Sequence[float],
    *,
    draws: int,
    seed: int,
) -> dict[str, Interval]:
    """Percentiles over draws of classes, to first order in how often each class is drawn.

    A pair of two classes is in a draw as often as both of its classes are, less once. The draws
    are on a coarser grid, which is fine where the false accept rates are small, and are centred
    on the exact scores.
    """
    classes = int(max(side.max() for side in pairs.classes)) + 1
    of_class, between = (table.astype(np.float64) for table in pairs.by_class(coarse, pairs.steps))
    both = between.sum(axis=0) / 2
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[2])
    names = list(_Curve(of_class.sum(axis=0)[::-1], both[::-1]).scores(fars)[0])
    drawn: list[list[float]] = []
    while len(drawn) < draws:
        some = min(_DRAWS, draws - len(drawn))
        times = rng.multinomial(classes, np.full(classes, 1 / classes), size=some).astype(float)
        for accepted, false in zip(
            times @ of_class, np.maximum(times @ between - both, 0), strict=True
        ):
            if accepted.sum() and false.sum():
                curve = _Curve(accepted[::-1], false[::-1])
                drawn.append(list(curve.scores(fars)[0].values()))
            else:
                drawn.append(drawn[-1] if drawn else [0.5] * len(names))
    spread = np.array(drawn) - np.mean(drawn, axis=0)
    ends = np.percentile(spread, [2.5, 97.5], axis=0)
    return {
        name: Interval(
            *(float(np.clip(exact[name] + end, 0.0, 1.0)) for end in ends[:, place])
        )
        for place, name in enumerate(names)
    }  # fmt: skip


def _coarser(same: Int64, other: Int64, steps: int) -> npt.NDArray[np.int16]:
    """Which coarse place each place is: even shares of both tables, and small ones at the top."""
    tail = np.cumsum(other) / max(1, other.sum())
    kept = np.cumsum(same) / max(1, same.sum())
    third = steps // 3
    small = np.digitize(np.log10(np.maximum(tail, 1e-9)), np.linspace(-6, 0, third))
    edges = small + np.floor(tail * third) + np.floor(kept * third)
    changed = np.flatnonzero(np.diff(edges) != 0)
    numbers = np.zeros(len(edges), dtype=np.int64)
    numbers[changed + 1] = 1
    # The tables begin with the most similar place, and coarse places end with it.
    return (steps - 1 - np.minimum(np.cumsum(numbers), steps - 1)).astype(np.int16)
