"""Stored embeddings, looked at: samples to show, neighbours, planes, classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TestPart:
    """The test samples of a leaderboard, as far as they are known.

    `labels`: int64 (N,), 0..classes-1. `class_names`: one a class. `positions`: int64 (N,), of the
    samples in `inputs`, images uint8 of a whole dataset, both None where there are none.
    `missing`: why images and names are not there, empty where they are.
    """

    __test__ = False  # pytest would take it for a test by its name

    labels: Int64
    class_names: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    inputs: npt.NDArray[Any] | None = None
    positions: Int64 | None = None
    missing: str = ""

    @property
    def classes(self) -> int:
        """How many classes the test part has."""
        return len(self.class_names)

    def images(self, samples: Int64 | Sequence[int]) -> npt.NDArray[np.uint8] | None:
        """Some samples as uint8 (S, C, H, W), or None; no other is read."""
        if self.inputs is None or self.positions is None:
            return None
        return np.asarray(self.inputs[self.positions[np.asarray(samples)]], dtype=np.uint8)

    def describe(self, sample: int) -> str:
        """One sample in words: its class and attributes."""
        names = [a.names[int(a.values[sample])] for a in self.attributes.values()]
        return ", ".join([self.class_names[int(self.labels[sample])], *names])


def place_test(
    labels: Int64, dataset: Dataset | str, digest: str, positions: Int64 | None = None
) -> TestPart:
    """Find the test samples in `dataset`, or say why they cannot be shown.

    `positions`: where the Record says that they are. Older Records do not: the last classes of the
    dataset are the test part of a class-disjoint split. Either is believed only if the labels
    there are the recorded ones. `dataset` is a sentence where there is none.
    """
    classes = int(labels.max()) + 1 if len(labels) else 0
    if isinstance(dataset, str):
        return _unplaced(labels, classes, dataset)
    if dataset.digest != digest:
        return _unplaced(labels, classes, "the dataset at hand is not the one of the records")
    places = _last_classes(dataset, classes) if positions is None else positions
    present, found = _labels_at(dataset, places)
    if not np.array_equal(found, labels):
        where = "the dataset's last classes" if positions is None else "where the run says they are"
        return _unplaced(labels, classes, f"the test samples are not {where}")
    return TestPart(
        labels=labels,
        class_names=tuple(dataset.class_names[label] for label in present),
        attributes={
            name: Attribute(values=attribute.values[places], names=attribute.names)
            for name, attribute in dataset.attributes.items()
        },
        inputs=dataset.inputs if dataset.is_images else None,
        positions=places if dataset.is_images else None,
        missing="" if dataset.is_images else "the samples are feature vectors, not images",
    )


def _labels_at(dataset: Dataset, places: Int64) -> tuple[Int64, Int64]:
    """The classes there, and each place's, counted from 0; nothing if a place is none."""
    if not ((places >= 0) & (places < len(dataset.labels))).all():
        places = places[:0]
    present, found = np.unique(dataset.labels[places], return_inverse=True)
    return present, found


def _last_classes(dataset: Dataset, classes: int) -> Int64:
    present = np.unique(dataset.labels)
    return np.flatnonzero(np.isin(dataset.labels, present[len(present) - classes :]))


def _unplaced(labels: Int64, classes: int, missing: str) -> TestPart:
    names = tuple(f"class {label}" for label in range(classes))
    return TestPart(labels=labels, class_names=names, missing=missing)


Float32 = npt.NDArray[np.float32]
DEPTH = 32


def as_compared(embeddings: npt.NDArray[Any], distance: str) -> npt.NDArray[Any]:
    """Rows (N, D) whose Euclidean distances order as `distance` does: of length 1 for cosine."""
    if distance != "cosine":
        return embeddings
    unit: npt.NDArray[Any] = embeddings / np.maximum(
        np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-30
    )
    return unit


def nearest(
    embeddings: Float32, asked: Int64, *, distance: str = "cosine", depth: int = DEPTH
) -> Int64:
    """The `depth` nearest others of the rows `asked`, nearest first: int64 (Q, min(depth, N - 1)).

    `embeddings`: float32 (N, D), finite. Exact search by faiss; equal distances in the order in
    which faiss gives them.
    """
    import faiss

    depth = min(depth, len(embeddings) - 1)
    vectors = as_compared(np.ascontiguousarray(embeddings, dtype=np.float32), distance)
    if distance == "cosine":
        index: Any = faiss.IndexFlatIP(vectors.shape[1])
    else:
        index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    return _without_self(index.search(vectors[asked], depth + 1)[1], asked)


def _without_self(found: Int64, asked: Int64) -> Int64:
    """Drop each row's own number; where many are tied and it is not there, the last one."""
    own = found == asked[:, None]
    own[~own.any(axis=1), -1] = True
    others: Int64 = found[~own].reshape(len(found), -1)
    return others


def precision_at(
    neighbours: Int64, asked: Int64, labels: Int64, depths: Sequence[int]
) -> list[float]:
    """The share of right ones among the k nearest, for each k of `depths`; mean over `asked`.

    Those that are alone in their class are left out; none for none. Paper 003
    (Fig. 5) plots this over k.
    """
    queries = np.bincount(labels)[labels[asked]] > 1
    if not queries.any():
        return []
    right = labels[neighbours[queries]] == labels[asked[queries]][:, None]
    means = np.cumsum(right.mean(axis=0)) / np.arange(1, neighbours.shape[1] + 1)
    return [float(means[depth - 1]) for depth in depths]


def asked_samples(labels: Int64, queries: Sequence[int], limit: int) -> Int64:
    """All samples, or `limit` evenly spread ones of more, with `queries` among them; ascending."""
    return np.union1d(_spread(np.arange(len(labels)), limit), np.asarray(queries, dtype=np.int64))


def even_queries(labels: Int64, count: int) -> list[int]:
    """Queries spread evenly over the classes, chosen by position alone and not by any result."""
    chosen = _spread(np.arange(int(labels.max()) + 1), count)
    members = (np.flatnonzero(labels == label) for label in chosen)
    return [int(each[turn * 5 % len(each)]) for turn, each in enumerate(members)]


PER_CLASS = 16
Plane = npt.NDArray[np.float64]


def balanced_subsample(labels: Int64, *, classes: int = 40, per_class: int = PER_CLASS) -> Int64:
    """Positions of up to `per_class` samples of up to `classes` classes, evenly spread, ascending.

    All samples of a few classes show clusters; a few samples of all classes would not.
    """
    members = [np.flatnonzero(labels == label) for label in _spread(np.unique(labels), classes)]
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
