"""Embeddings on the plane, of a class-balanced subsample that all methods share."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from harness.figures.neighbours import Float32
from harness.figures.placing import Int64

PER_CLASS = 16
Plane = npt.NDArray[np.float64]


def balanced_subsample(labels: Int64, *, classes: int = 40, per_class: int = PER_CLASS) -> Int64:
    """Positions of up to `per_class` samples of up to `classes` classes, evenly spread, ascending.

    All samples of a few classes show clusters; a few samples of all classes would not.
    """
    present = np.unique(labels)
    places = np.linspace(0, len(present) - 1, min(classes, len(present))).round().astype(int)
    members = [np.flatnonzero(labels == label) for label in present[np.unique(places)]]
    return np.sort(np.concatenate([_spread(each, per_class) for each in members]))


def _spread(members: Int64, count: int) -> Int64:
    places = np.linspace(0, len(members) - 1, min(count, len(members))).round().astype(int)
    spread: Int64 = members[np.unique(places)]
    return spread


def planes(embeddings: Float32) -> dict[str, Plane]:
    """The rows on a plane by PCA, t-SNE and, where it is installed, UMAP: float64 (N, 2) each.

    Seeded: the same embeddings give the same planes. Fewer than five rows give PCA alone.
    """
    from sklearn.decomposition import PCA

    rows = np.asarray(embeddings, dtype=np.float64)
    if min(rows.shape) < 2:
        return {}
    if np.ptp(rows, axis=0).max() == 0.0:
        return {"PCA": np.zeros((len(rows), 2))}
    pca = PCA(2, svd_solver="full").fit_transform(rows)
    found = {"PCA": pca}
    if len(rows) >= 5:
        found["t-SNE"] = _tsne(rows, pca)
        if find_spec("umap") is not None:
            found["UMAP"] = _umap(rows)
    return found


def _tsne(rows: Plane, pca: Plane) -> Plane:
    from sklearn.manifold import TSNE

    start = pca / pca[:, 0].std() * 1e-4
    perplexity = min(15.0, (len(rows) - 1) / 3)
    tsne = TSNE(2, init=start, perplexity=perplexity, max_iter=400, random_state=0, n_jobs=1)
    plane: Plane = tsne.fit_transform(rows).astype(np.float64)
    return plane


def _umap(rows: Plane) -> Plane:
    umap = import_module("umap")

    reducer = umap.UMAP(random_state=0, n_jobs=1, n_neighbors=min(15, len(rows) - 1))
    return np.asarray(reducer.fit_transform(rows), dtype=np.float64)
