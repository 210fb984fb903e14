"""Nearest neighbours in a stored test embedding, and how many of them are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.figures.placing import Int64

Float32 = npt.NDArray[np.float32]
DEPTH = 32


def nearest(
    embeddings: Float32, asked: Int64, *, distance: str = "cosine", depth: int = DEPTH
) -> Int64:
    """The `depth` nearest others of the rows `asked`, nearest first: int64 (Q, min(depth, N - 1)).

    `embeddings`: float32 (N, D), finite. Exact search by faiss; equal distances in the order in
    which faiss gives them.
    """
    import faiss

    depth = min(depth, len(embeddings) - 1)
    vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
    if distance == "cosine":
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
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
    places = np.linspace(0, len(labels) - 1, min(limit, len(labels))).round().astype(np.int64)
    return np.union1d(places, np.asarray(queries, dtype=np.int64))


def even_queries(labels: Int64, count: int) -> list[int]:
    """Queries spread evenly over the classes, chosen by position alone and not by any result."""
    classes = int(labels.max()) + 1
    chosen = np.unique(np.linspace(0, classes - 1, min(count, classes)).round().astype(int))
    members = (np.flatnonzero(labels == label) for label in chosen)
    return [int(each[turn * 5 % len(each)]) for turn, each in enumerate(members)]
