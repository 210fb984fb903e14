"""Every retrieval score of every query, in one pass over blocks of the distance matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.scoring.counting import Scratch, count, on_all_cores, standings
from harness.scoring.geometry import Arrangement, Float32, Int64, Points, arrange
from harness.scoring.sorting import PART_BYTES, AskedRows, settle, standing_by_sorting
from harness.scoring.standing import Float64, RelevantRanks, Tally, joined, score, tally

_PRODUCT_BYTES = 16 << 20
_DEVICE_PRODUCT_BYTES = 256 << 20
COUNT_UP_TO = 12
"""Relevant items of a query up to which counting beats sorting."""
COUNT_FROM = 4096
"""Points below which the tiles of the count are too few to pay."""

STRICT_BELOW = 4096
"""Points below which every order of float32 is settled that float64 might have otherwise."""

Tallier = Callable[[RelevantRanks], Tally]


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Scores of each query that has a relevant item.

    `queries`: int64 (Q,), ascending positions in the input. `per_query`: name to float64 (Q,).
    `able`: how many queries have a relevant item, asked or not.
    """

    queries: Int64
    per_query: dict[str, Float64]
    able: int


@dataclass(frozen=True)
class Draw:
    """So many of the queries, drawn with a seed whatever the order of rows."""

    queries: int
    seed: int


@dataclass(frozen=True, eq=False)
class ArrangedSearch:
    """Arranged queries and the gallery they search.

    `spans`: int64 (Q, 2), the gallery's columns relevant to each query. `own`: whether the
    gallery is the queries themselves, so that column i is query i. `gone`: int64 (Q, E), relevant
    columns that are no answer to a query, -1 where it has fewer; None where all are. `sets`:
    float32 (Q, L) and (N, L), 1 for each label that a query and an item have: what shares one is
    relevant, and the spans are empty; None where each has one label.
    """

    asked: Arrangement
    queries: Points
    shelf: Arrangement
    gallery: Points
    spans: Int64
    own: bool
    gone: Int64 | None = None
    sets: tuple[Float32, Float32] | None = None

    @property
    def plain(self) -> bool:
        """Whether the relevant items of a query are its class, all of it."""
        return self.gone is None and self.sets is None

    @cached_property
    def doubts(self) -> tuple[float, Float32] | None:
        """What float32 cannot tell for each query: of few points all, of many where it is worse
        than relative to the distance, for that would take too long.
        """
        return self.queries.doubts(strict=len(self.gallery) < STRICT_BELOW)

    def overlapping(self, queries: Int64) -> npt.NDArray[np.bool_]:
        """Which columns share a label with each query, its own included: bool (queries, N)."""
        assert self.sets is not None
        return np.asarray(self.sets[0][queries] @ self.sets[1].T > 0)

    @cached_property
    def relevant(self) -> Int64:
        """How many relevant items each query has, what is no answer not counted: int64 (Q,)."""
        if self.sets is not None:
            step = max(1, _PRODUCT_BYTES // (4 * len(self.gallery)))
            asked = np.arange(len(self.queries))
            blocks = [asked[start : start + step] for start in range(0, len(asked), step)]
            counts = [self.overlapping(block).sum(axis=1) for block in blocks]
            return np.asarray(np.concatenate(counts) - int(self.own), dtype=np.int64)
        found = self.spans[:, 1] - self.spans[:, 0] - int(self.own)
        return found if self.gone is None else found - (self.gone >= 0).sum(axis=1)


def retrieve(  # noqa: PLR0913 - what a caller may choose
    points: Points,
    labels: Int64,
    *,
    gallery: Points | None = None,
    gallery_labels: Int64 | None = None,
    recall_at: Sequence[int] = (1, 2, 4, 8),
    whole_ranking: bool = True,
    device: str | None = None,
    draw: Draw | None = None,
    exclude: tuple[Int64, Int64] | None = None,
    sets: tuple[Float32, Float32] | None = None,
) -> Retrieval:
    """Score each query against the gallery; without one, against all other points.

    `points` and `gallery` lie in one space (`geometry.place`); labels are codes. A query without
    a relevant item in the gallery is left out. Without the whole ranking there is no `map` and no
    `mrr`, which read past rank R. `device`: one of torch that ranks in place of this processor.
    `draw`: which part of the queries ask; the gallery is whole. `exclude`: codes of the queries,
    int64 (N, X), and of the gallery: an item of a query's class that has one of its codes is
    neither found nor missed. `sets`: the labels of queries and gallery, (N, L) and (G, L) of 0 and
    1, where an item may have several; `labels` are then all the same.
    """
    search = _search(points, labels, gallery, gallery_labels)
    if sets is not None:
        ordered = sets[0][search.asked.order], sets[1][search.shelf.order]
        search = replace(search, spans=np.zeros_like(search.spans), sets=ordered)
    if exclude is not None:
        search = replace(search, gone=_gone(search, *exclude))
    deepest = None if whole_ranking else max((1, *recall_at))
    tallier = partial(tally, gallery=len(search.gallery))
    able = _with_relevant(search)
    if draw is not None and draw.queries < len(able):
        chosen = np.random.default_rng(draw.seed).choice(np.sort(able), draw.queries, replace=False)
        ranked = _few_first(search, np.sort(chosen))
    else:
        draw, ranked = None, able
    if device is None and draw is not None:
        parts = _by_sorting(search, ranked, tallier, deepest)
    elif device is None:
        counted, sorted_ = _divide(search)
        counted, unsure, parts = _by_counting(search, counted, tallier)
        sorted_ = _few_first(search, np.concatenate((sorted_, unsure)))
        parts += _by_sorting(search, sorted_, tallier, deepest)
        ranked = np.concatenate((counted, sorted_))
    else:
        parts = _on_device(search, ranked, tallier, deepest, device)
    queries = search.asked.order[ranked]
    back = np.argsort(queries)
    found = score(joined(parts), recall_at=recall_at, whole=whole_ranking) if parts else {}
    per_query = {name: scores[back] for name, scores in found.items()}
    return Retrieval(queries[back], per_query, len(able))


def _search(
    points: Points, labels: Int64, gallery: Points | None, gallery_labels: Int64 | None
) -> ArrangedSearch:
    asked = arrange(points.rows, labels)
    queries = points.take(asked.order)
    if gallery is None or gallery_labels is None:
        return ArrangedSearch(asked, queries, asked, queries, _spans(asked, asked), own=True)
    shelf = arrange(gallery.rows, gallery_labels)
    return ArrangedSearch(
        asked, queries, shelf, gallery.take(shelf.order), _spans(asked, shelf), own=False
    )


def _spans(asked: Arrangement, shelf: Arrangement) -> Int64:
    by_code = np.argsort(shelf.codes)
    found = np.searchsorted(shelf.codes, asked.codes, sorter=by_code)
    place = by_code[np.minimum(found, len(by_code) - 1)]
    known = shelf.codes[place] == asked.codes
    begin, end = shelf.starts[place], shelf.starts[place + 1]
    spans = np.stack((begin, np.where(known, end, begin)), axis=1)
    return np.asarray(spans[asked.classes])


def _gone(search: ArrangedSearch, asked: Int64, shelf: Int64) -> Int64:
    """The relevant columns that share a code with each query, itself left out."""
    asked, shelf = asked[search.asked.order], shelf[search.shelf.order]
    found = []
    for query, (start, stop) in enumerate(search.spans.tolist()):
        same = (shelf[start:stop] == asked[query]).any(axis=1)
        if search.own:
            same[query - start] = False
        found.append(start + np.flatnonzero(same))
    gone = np.full((len(found), max(map(len, found), default=0)), -1, dtype=np.int64)
    for row, columns in zip(gone, found, strict=True):
        row[: len(columns)] = columns
    return gone


def _divide(search: ArrangedSearch) -> tuple[Int64, Int64]:
    """Queries to count for and queries to sort for, both with few relevant items first.

    The tiles of the count do not give equal points equal similarities with any matrix library,
    so that classes which share a point go by sorting, which sees to it.
    """
    relevant, order = search.relevant, _with_relevant(search)
    if not np.isfinite(search.gallery.doubt):  # nothing can be told by float32
        return order[:0], order
    if not search.own or len(search.gallery) < COUNT_FROM or not search.plain:
        return order[:0], order
    count_it = (relevant <= COUNT_UP_TO) & ~search.asked.shared[search.asked.classes]
    return order[count_it[order]], order[~count_it[order]]


def _with_relevant(search: ArrangedSearch) -> Int64:
    """Queries that have a relevant item, those with few first."""
    order = np.argsort(search.relevant, kind="stable")
    return order[search.relevant[order] > 0]


def _few_first(search: ArrangedSearch, queries: Int64) -> Int64:
    return queries[np.argsort(search.relevant[queries], kind="stable")]


def _by_counting(
    search: ArrangedSearch, queries: Int64, tallier: Tallier
) -> tuple[Int64, Int64, list[Tally]]:
    """The queries counted for, those that float32 is unsure of, and tallies of the first."""
    if len(queries) == 0:
        return queries, queries, []
    small = int(search.spans[queries[-1], 1])
    counts = count(search.gallery, search.asked.starts, small=small, doubts=search.doubts)
    unsure = counts.unsure[queries]
    sure = queries[~unsure]
    parts = _same(search.relevant[sure]) if len(sure) else ()
    return sure, queries[unsure], [tallier(standings(counts, sure[part])) for part in parts]


def _by_sorting(
    search: ArrangedSearch, queries: Int64, tallier: Tallier, deepest: int | None
) -> list[Tally]:
    width = len(search.gallery)
    # Sixteen blocks at least, for the threads to end together; but a short product is a slow one.
    size = max(1, min(_PRODUCT_BYTES // (4 * width), max(128, -(-len(queries) // 16))))
    blocks = [queries[start : start + size] for start in range(0, len(queries), size)]
    work = partial(_sort_block, search, tallier, deepest, Scratch())
    return on_all_cores(work, blocks, elements=len(queries) * width)


def _sort_block(
    search: ArrangedSearch, tallier: Tallier, deepest: int | None, scratch: Scratch, block: Int64
) -> Tally:
    gallery, copies = search.gallery, search.shelf.copies
    distances = scratch.array("product", (len(block), len(gallery)), np.float32)
    np.matmul(-search.queries.rows[block], gallery.rows.T, out=distances)
    if gallery.half_norms is not None:
        distances += gallery.half_norms
    if len(copies):
        distances[:, copies[:, 0]] = distances[:, copies[:, 1]]
    asked = _asked(search, block, deepest)
    if asked.doubt is None:
        return tallier(standing_by_sorting(distances, asked, scratch))
    tallies = []
    step = max(1, PART_BYTES // len(gallery))  # before and after a sort stay in the cache
    for start in range(0, len(block), step):
        rows = slice(start, start + step)
        part, some = distances[rows], asked.take(rows)
        before = scratch.array("before", part.shape, np.float32)
        np.copyto(before, part)
        found = standing_by_sorting(part, some, scratch)
        queries = search.queries, block[rows]
        tallies.append(tallier(settle(found, (before, part), some, queries, gallery)))
    return joined(tallies)


def _on_device(
    search: ArrangedSearch, queries: Int64, tallier: Tallier, deepest: int | None, device: str
) -> list[Tally]:
    from harness.scoring.device import DeviceGallery  # torch, which nothing else here needs

    shelf = DeviceGallery(device, search.gallery, search.shelf.copies)
    size = max(1, _DEVICE_PRODUCT_BYTES // (4 * len(search.gallery)))
    blocks = [queries[start : start + size] for start in range(0, len(queries), size)]
    rows, scratch, parts = search.queries.rows, Scratch(), []
    for block in blocks:
        standing = shelf.standing(rows[block], _asked(search, block, deepest))
        part = tallier(standing)
        if search.doubts is not None and len(standing.ties.row):
            unsure = np.unique(standing.ties.row)
            settled = _sort_block(search, tallier, deepest, scratch, block[unsure])
            part = part.replaced(unsure, settled)
        parts.append(part)
    return parts


def _asked(search: ArrangedSearch, block: Int64, deepest: int | None) -> AskedRows:
    """What is asked of a block of queries, the last of which has the most relevant items."""
    up_to = None if deepest is None else max(deepest, int(search.relevant[block[-1]]))
    doubts = search.doubts
    doubt = None if doubts is None else (doubts[0], doubts[1][block])
    gone = None if search.gone is None else search.gone[block]
    marks = None if search.sets is None else search.overlapping(block)
    return AskedRows(search.spans[block], block if search.own else None, up_to, doubt, gone, marks)


def _same(relevant: Int64) -> Iterator[slice]:
    """Slices of queries that have equally many relevant items."""
    edges = [0, *(np.flatnonzero(np.diff(relevant)) + 1).tolist(), len(relevant)]
    return (slice(first, last) for first, last in pairwise(edges))
