"""One run's stored embedding, looked at: planes, neighbours, class means and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.figures.classes import Float64, class_means, class_scores
from harness.figures.maps import Plane, planes
from harness.figures.neighbours import Float32, nearest
from harness.figures.placing import Int64
from harness.figures.sources import Arrays
from harness.metrics import RANKED_BY
from harness.record import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class Common:
    """What all runs are looked at by.

    `labels`: of the test part, int64 (N,), 0..classes-1; `positions`: in the dataset, None where
    the first run does not say. `asked`: samples whose neighbours are looked for, ascending.
    `points`: samples on the map, None for no map.
    """

    labels: Int64
    positions: Int64 | None = None
    asked: Int64
    points: Int64 | None
    distance: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What was seen. `neighbours`: int64 (asked, depth). `scores`: by class, NaN if unknown."""

    record: Record
    planes: Mapping[str, Plane]
    neighbours: Int64
    means: Float64
    scores: Float64


def look_at(found: tuple[Record, Arrays] | str, common: Common) -> Look | str:
    """Look at one run; the sentence why not where that cannot be."""
    if isinstance(found, str):
        return found
    record, arrays = found
    embeddings = arrays["test_embeddings"].astype(np.float32)
    if not _same_samples(arrays, common):
        return "it was tested on other samples than the first method of the board"
    if len(embeddings) != len(common.labels) or not np.isfinite(embeddings).all():
        return "its embeddings are not one finite row a sample"
    shown = None if common.points is None else _as_scored(embeddings[common.points], common)
    return Look(
        record=record,
        planes={} if shown is None else planes(shown),
        neighbours=nearest(embeddings, common.asked, distance=common.distance),
        means=class_means(embeddings, common.labels),
        scores=_scores(arrays, common.labels),
    )


def counted(labels: Int64) -> Int64:
    """Labels counted from 0: those of a Record may be the dataset's own, of which some lack."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _same_samples(arrays: Arrays, common: Common) -> bool:
    positions = arrays.get("test_positions")
    if positions is not None and common.positions is not None:
        return np.array_equal(positions, common.positions)
    return np.array_equal(counted(arrays["test_labels"]), common.labels)


def _scores(arrays: Arrays, labels: Int64) -> Float64:
    queries, per_query = arrays.get("queries"), arrays.get(f"per_query.{RANKED_BY}")
    classes = int(labels.max()) + 1
    if queries is None or per_query is None:
        return np.full(classes, np.nan)
    return class_scores(per_query, labels[queries], classes)


def _as_scored(embeddings: Float32, common: Common) -> Float32:
    if common.distance != "cosine":
        return embeddings
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit: Float32 = embeddings / np.maximum(norms, 1e-30)
    return unit
