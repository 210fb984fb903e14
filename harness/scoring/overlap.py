"""Retrieval scores of items that have several labels: relevant is what shares one."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring import EmbeddingScores
from harness.scoring.geometry import COLLAPSE_BELOW, Float32, place, spread
from harness.scoring.inputs import Distance, check_distance, check_embeddings
from harness.scoring.retrieval import retrieve

Labels = Sequence[Collection[Hashable]]


def score_overlap(
    embeddings: npt.ArrayLike,
    labels: Labels,
    *,
    gallery: npt.ArrayLike | None = None,
    gallery_labels: Labels | None = None,
    recall_at: Sequence[int] = (1, 2, 4, 8),
    distance: Distance = "cosine",
) -> EmbeddingScores:
    """Score embeddings (N, D) whose items have several labels each, as `score_embeddings` does.

    `labels`: N collections of labels. An item is relevant to a query if they share a label; R is
    how many are. There are no means over classes and no clustering, which divide items into
    classes. Raises UserError for what cannot be scored, an item without any label included.
    """
    metric = check_distance(distance)
    queries = check_embeddings(embeddings)
    if (gallery is None) != (gallery_labels is None):
        raise UserError("a gallery needs its labels, and gallery labels need a gallery")
    shelf = None if gallery is None else check_embeddings(gallery, what="gallery")
    if shelf is not None and shelf.shape[1] != queries.shape[1]:
        raise UserError(
            f"gallery has {shelf.shape[1]} dimensions, the embeddings have {queries.shape[1]}"
        )
    sides = [(labels, len(queries))]
    if shelf is not None and gallery_labels is not None:
        sides.append((gallery_labels, len(shelf)))
    sets = _indicators(sides)
    points, *others = place(queries, metric, *([] if shelf is None else [shelf]))
    found = retrieve(
        points,
        np.zeros(len(queries), dtype=np.int64),
        gallery=others[0] if others else None,
        gallery_labels=None if shelf is None else np.zeros(len(shelf), dtype=np.int64),
        recall_at=tuple(sorted({1, *recall_at})),
        sets=(sets[0], sets[-1]),
    )
    if len(found.queries) == 0:
        raise UserError("no query shares a label with another item: no positive pair")
    width = spread(points)
    return EmbeddingScores(
        values={name: math.fsum(one) / len(one) for name, one in found.per_query.items()},
        class_means={},
        per_query=found.per_query,
        queries=found.queries,
        singletons=len(queries) - found.able,
        collapsed=width < COLLAPSE_BELOW[metric],
        spread=width,
    )


def _indicators(sides: Sequence[tuple[Labels, int]]) -> list[Float32]:
    """1 for each label that an item has: float32 (items, labels of all sides)."""
    known: dict[Hashable, int] = {}
    for labels, count in sides:
        if len(labels) != count:
            raise UserError(f"{len(labels)} labels for {count} rows")
        for row, some in enumerate(labels):
            if isinstance(some, str | bytes) or not len(some):
                said = "are a text, not several labels" if len(some) else "are none"
                raise UserError(f"labels of row {row + 1} {said}")
            for label in some:
                known.setdefault(label, len(known))
    found = []
    for labels, count in sides:
        array = np.zeros((count, len(known)), dtype=np.float32)
        for row, some in enumerate(labels):
            array[row, [known[label] for label in some]] = 1.0
        found.append(array)
    return found
