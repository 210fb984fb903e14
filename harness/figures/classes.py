"""Classes instead of samples: which are hard, and which are alike (paper 003, Fig. 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.figures.neighbours import Float32
from harness.figures.placing import Int64

Float64 = npt.NDArray[np.float64]
SHOWN = 40


@dataclass(frozen=True)
class HardClass:
    """A class, its score, and the class that its queries' neighbours are most often of instead.

    `mistaken_for` is None, and `share` 0, where no neighbour is wrong; `share` is of all
    neighbours looked at.
    """

    label: int
    score: float
    mistaken_for: int | None
    share: float


def class_scores(per_query: Float64, query_labels: Int64, classes: int) -> Float64:
    """The mean of a per-query score in each class: float64 (classes,), NaN without a query."""
    counts = np.bincount(query_labels, minlength=classes)
    sums = np.bincount(query_labels, weights=per_query, minlength=classes)
    means: Float64 = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means


def hardest(scores: Float64, found: Sequence[Int64], *, count: int = 8) -> list[HardClass]:
    """The `count` classes of the lowest score, lowest first.

    `found`: by class, the labels of the neighbours of its samples.
    """
    known = np.flatnonzero(~np.isnan(scores))
    order = known[np.argsort(scores[known], kind="stable")][:count]
    return [_hard(int(label), float(scores[label]), found[label]) for label in order]


def _hard(label: int, score: float, found: Int64) -> HardClass:
    wrong = np.bincount(found[found != label])
    if not wrong.size:
        return HardClass(label, score, None, 0.0)
    other = int(wrong.argmax())
    return HardClass(label, score, other, float(wrong[other] / len(found)))


def class_means(embeddings: Float32, labels: Int64) -> Float64:
    """The mean embedding of each class: float64 (classes, D)."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(int(labels.max()) + 1))
    sums = np.add.reduceat(embeddings[order].astype(np.float64), starts, axis=0)
    means: Float64 = sums / np.bincount(labels)[:, None]
    return means


def class_correlation(means: Float64) -> Float64:
    """Pearson's correlation of class means over the embedding's dimensions; 0 where undefined."""
    centred = means - means.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(norms > 0, norms, 1.0)
    correlation: Float64 = np.clip(unit @ unit.T, -1.0, 1.0)
    return correlation


def shown_classes(scores: Sequence[Float64], limit: int = SHOWN) -> Int64:
    """All classes, or the `limit` that the methods together find hardest: int64, ascending."""
    mean = np.mean(np.nan_to_num(np.stack(scores), nan=1.0), axis=0)
    return np.sort(np.argsort(mean, kind="stable")[:limit])


def alike_together(correlations: Sequence[Float64]) -> Int64:
    """An order of classes in which correlated ones are near: leaves of average linkage."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    mean = np.mean(np.stack(correlations), axis=0)
    if len(mean) < 3:
        return np.arange(len(mean))
    distances = squareform(1.0 - (mean + mean.T) / 2, checks=False)
    tree = optimal_leaf_ordering(linkage(distances, "average"), distances)
    return np.asarray(leaves_list(tree), dtype=np.int64)
