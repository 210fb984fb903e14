"""Every retrieval score of every query, in one pass over blocks of the distance matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.scoring.arrangement import Arrangement, arrange
from harness.scoring.expectation import Float64
from harness.scoring.geometry import Int64, Points
from harness.scoring.sorting import standing_by_sorting
from harness.scoring.standing import score
from harness.scoring.workers import on_all_cores

_PRODUCT_BYTES = 32 << 20
_SORT_BYTES = 2 << 20


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

    queries: Points
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
    asked = arrange(points.rows, labels)
    if gallery is None or gallery_labels is None:
        shelf, shown = asked, points.take(asked.order)
        search = Search(shown, shown, _spans(asked, asked), own=True)
    else:
        shelf = arrange(gallery.rows, gallery_labels)
        shown = gallery.take(shelf.order)
        search = Search(points.take(asked.order), shown, _spans(asked, shelf), own=False)
    scored, found = _search(search, recall_at)
    queries = asked.order[scored]
    back = np.argsort(queries)
    return Retrieval(queries[back], {name: values[back] for name, values in found.items()})


def _spans(asked: Arrangement, shelf: Arrangement) -> Int64:
    by_code = np.argsort(shelf.codes)
    found = np.searchsorted(shelf.codes, asked.codes, sorter=by_code)
    place = by_code[np.minimum(found, len(by_code) - 1)]
    known = shelf.codes[place] == asked.codes
    begin, end = shelf.starts[place], shelf.starts[place + 1]
    spans = np.stack((begin, np.where(known, end, begin)), axis=1)
    return np.asarray(spans[asked.classes])


def _search(search: Search, recall_at: Sequence[int]) -> tuple[Int64, dict[str, Float64]]:
    relevant = search.relevant
    order = np.argsort(relevant, kind="stable")
    order = order[relevant[order] > 0]
    size = max(1, _PRODUCT_BYTES // (4 * len(search.gallery)))
    blocks = [order[start : start + size] for start in range(0, len(order), size)]
    done = on_all_cores(
        partial(_by_sorting, search, recall_at),
        blocks,
        elements=len(order) * len(search.gallery),
    )
    return order, _joined([part for block in done for part in block])


def _joined(parts: list[dict[str, Float64]]) -> dict[str, Float64]:
    names = parts[0] if parts else {}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _by_sorting(search: Search, recall_at: Sequence[int], block: Int64) -> list[dict[str, Float64]]:
    gallery = search.gallery
    distances = -search.queries.rows[block] @ gallery.rows.T
    scores = []
    for part in _alike(search.relevant[block], 4 * len(gallery)):
        some = distances[part]
        if gallery.half_norms is not None:
            some += gallery.half_norms
        own = block[part] if search.own else None
        standing = standing_by_sorting(some, search.spans[block[part]], own)
        scores.append(score(standing, gallery=len(gallery), recall_at=recall_at))
    return scores


def _alike(relevant: Int64, row_bytes: int) -> Iterator[slice]:
    """Slices of rows that fit the cache together and have equally many relevant items."""
    size = max(1, _SORT_BYTES // row_bytes)
    edges = [0, *(np.flatnonzero(np.diff(relevant)) + 1).tolist(), len(relevant)]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        for start in range(first, last, size):
            yield slice(start, min(start + size, last))
