"""Every retrieval score of every query, in one pass over blocks of the distance matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from harness.scoring.arrangement import Arrangement, arrange
from harness.scoring.counting import count, standings
from harness.scoring.expectation import Float64
from harness.scoring.geometry import Int64, Points
from harness.scoring.sorting import standing_by_sorting
from harness.scoring.standing import Standing, score
from harness.scoring.workers import Scratch, on_all_cores

_PRODUCT_BYTES = 16 << 20
_SORT_BYTES = 2 << 20
COUNT_UP_TO = 12
"""Relevant items of a query up to which counting beats sorting."""
COUNT_FROM = 4096
"""Points below which the tiles of the count are too few to pay."""

Scorer = Callable[[Standing], dict[str, Float64]]


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Scores of each query that has a relevant item.

    `queries`: int64 (Q,), ascending positions in the input. `per_query`: name to float64 (Q,).
    """

    queries: Int64
    per_query: dict[str, Float64]


@dataclass(frozen=True, eq=False)
class Search:
    """Arranged queries and the gallery they search.

    `spans`: int64 (Q, 2), the gallery's columns relevant to each query. `own`: whether the
    gallery is the queries themselves, so that column i is query i.
    """

    asked: Arrangement
    queries: Points
    shelf: Arrangement
    gallery: Points
    spans: Int64
    own: bool

    @property
    def relevant(self) -> Int64:
        """How many relevant items each query has, itself not counted: int64 (Q,)."""
        return self.spans[:, 1] - self.spans[:, 0] - int(self.own)


def retrieve(
    points: Points,
    labels: Int64,
    *,
    gallery: Points | None = None,
    gallery_labels: Int64 | None = None,
    recall_at: Sequence[int] = (1, 2, 4, 8),
) -> Retrieval:
    """Score each query against the gallery; without one, against all other points.

    `points` and `gallery` lie in one space (`geometry.place`); labels are codes. A query without
    a relevant item in the gallery is left out.
    """
    search = _search(points, labels, gallery, gallery_labels)
    scorer = partial(score, gallery=len(search.gallery), recall_at=recall_at)
    counted, sorted_ = _divide(search)
    parts = [*_by_counting(search, counted, scorer), *_by_sorting(search, sorted_, scorer)]
    names = parts[0] if parts else {}
    queries = search.asked.order[np.concatenate((counted, sorted_))]
    back = np.argsort(queries)
    return Retrieval(
        queries[back],
        {name: np.concatenate([part[name] for part in parts])[back] for name in names},
    )


def _search(
    points: Points, labels: Int64, gallery: Points | None, gallery_labels: Int64 | None
) -> Search:
    asked = arrange(points.rows, labels)
    queries = points.take(asked.order)
    if gallery is None or gallery_labels is None:
        return Search(asked, queries, asked, queries, _spans(asked, asked), own=True)
    shelf = arrange(gallery.rows, gallery_labels)
    return Search(asked, queries, shelf, gallery.take(shelf.order), _spans(asked, shelf), own=False)


def _spans(asked: Arrangement, shelf: Arrangement) -> Int64:
    by_code = np.argsort(shelf.codes)
    found = np.searchsorted(shelf.codes, asked.codes, sorter=by_code)
    place = by_code[np.minimum(found, len(by_code) - 1)]
    known = shelf.codes[place] == asked.codes
    begin, end = shelf.starts[place], shelf.starts[place + 1]
    spans = np.stack((begin, np.where(known, end, begin)), axis=1)
    return np.asarray(spans[asked.classes])


def _divide(search: Search) -> tuple[Int64, Int64]:
    """Queries to count for and queries to sort for, both with few relevant items first.

    The tiles of the count do not give equal points equal similarities with any matrix library,
    so that classes which share a point go by sorting, which sees to it.
    """
    relevant = search.relevant
    order = np.argsort(relevant, kind="stable")
    order = order[relevant[order] > 0]
    if not search.own or len(search.gallery) < COUNT_FROM:
        return order[:0], order
    count_it = (relevant <= COUNT_UP_TO) & ~search.asked.shared[search.asked.classes]
    return order[count_it[order]], order[~count_it[order]]


def _by_counting(search: Search, queries: Int64, scorer: Scorer) -> list[dict[str, Float64]]:
    if len(queries) == 0:
        return []
    counts = count(search.gallery, search.asked.starts, small=int(search.spans[queries[-1], 1]))
    parts = _same(search.relevant[queries], len(queries))
    return [scorer(standings(counts, queries[part])) for part in parts]


def _by_sorting(search: Search, queries: Int64, scorer: Scorer) -> list[dict[str, Float64]]:
    width = len(search.gallery)
    # Sixteen blocks at least, for the threads to end together; but a short product is a slow one.
    size = max(1, min(_PRODUCT_BYTES // (4 * width), max(128, -(-len(queries) // 16))))
    blocks = [queries[start : start + size] for start in range(0, len(queries), size)]
    work = partial(_sort_block, search, scorer, Scratch())
    done = on_all_cores(work, blocks, elements=len(queries) * width)
    return [part for block in done for part in block]


def _sort_block(
    search: Search, scorer: Scorer, scratch: Scratch, block: Int64
) -> list[dict[str, Float64]]:
    gallery, copies = search.gallery, search.shelf.copies
    distances = scratch.array("product", (len(block), len(gallery)), np.float32)
    np.matmul(-search.queries.rows[block], gallery.rows.T, out=distances)
    if gallery.half_norms is not None:
        distances += gallery.half_norms
    if len(copies):
        distances[:, copies[:, 0]] = distances[:, copies[:, 1]]
    rows = max(1, _SORT_BYTES // (4 * len(gallery)))
    return [
        scorer(
            standing_by_sorting(
                distances[part],
                search.spans[block[part]],
                block[part] if search.own else None,
                scratch,
            )
        )
        for part in _same(search.relevant[block], rows)
    ]


def _same(relevant: Int64, limit: int) -> Iterator[slice]:
    """Slices of at most `limit` queries that have equally many relevant items."""
    edges = [0, *(np.flatnonzero(np.diff(relevant)) + 1).tolist(), len(relevant)]
    for first, last in pairwise(edges):
        for start in range(first, last, limit):
            yield slice(start, min(start + limit, last))
