"""Local Fisher discriminant analysis.

Sugiyama's affinity of two samples of a class is e^(-d^2 / (s_i s_j)), s_i the distance from i to
its k-th nearest of the class; a class with fewer others takes the farthest. metric-learn's reads s
along the wrong axis of the sorted distances, adds the scatter within to that between where the
paper subtracts it, and keeps for all classes after it the k that a small class allowed. A class of
one sample is left out.
"""

from __future__ import annotations

from typing import Any

from bench_methods.linear.citations import SUGIYAMA
from bench_methods.linear.readout import linear_method
from harness import Int

RIDGE = 1e-9  # of the mean eigenvalue of the scatter within: it may have no inverse


def _affinity(points: Any, neighbours: int) -> Any:
    """Affinities of the samples of one class, float64 (N, D): (N, N), all in [0, 1]."""
    import numpy as np

    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    place = min(neighbours, len(points) - 1)  # the nearest, in place 0, is the sample itself
    scale = np.sqrt(np.partition(squared, place, axis=1)[:, place])
    local = np.outer(scale, scale)
    # Samples that coincide with so many others that their scale is 0 are alike with these alone.
    return np.where(local > 0, np.exp(-squared / np.where(local > 0, local, 1.0)), squared == 0)


def _laplacian_scatter(points: Any, weights: Any) -> Any:
    """Half the sum over ordered pairs of w_ij (x_i - x_j)(x_i - x_j)': float64 (D, D)."""
    return points.T @ (weights.sum(axis=1)[:, None] * points) - points.T @ weights @ points


def _lfda(features: Any, labels: Any, *, width: int, seed: int, neighbours: int) -> Any:
    import numpy as np
    from scipy.linalg import eigh

    from bench_methods.linear.subsample import whole_classes

    seen = whole_classes(labels, most=len(labels), seed=seed)
    points, classes = features[seen], labels[seen]
    count, size = points.shape
    within = np.zeros((size, size))
    # Of all pairs alike, each 1 / count; then each class's own pairs are put right.
    between = _laplacian_scatter(points, np.full((count, count), 1 / count))
    for name in np.unique(classes):
        own = points[classes == name]
        local = _laplacian_scatter(own, _affinity(own, neighbours))
        alike = _laplacian_scatter(own, np.ones((len(own), len(own))))
        within += local / len(own)
        between += local * (1 / count - 1 / len(own)) - alike / count
    within += RIDGE * np.trace(within) / size * np.eye(size)
    values, vectors = eigh(between, within)
    values, vectors = values[::-1][:width], vectors[:, ::-1][:, :width]
    return np.sqrt(values.clip(min=0.0))[:, None] * vectors.T


lfda = linear_method(
    "lfda",
    _lfda,
    summary="Fisher's discriminants whose scatter within a class counts near samples only.",
    reference="Sugiyama, Dimensionality Reduction of Multimodal Labeled Data by Local Fisher "
    "Discriminant Analysis, JMLR 2007",
    citation=SUGIYAMA,
    defaults_from="paper",
    neighbours=Int(1, 15, default=7),
)
