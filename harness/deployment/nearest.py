"""A gallery of enrolled samples, and the nearest of them to each query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NOTHING = -1
"""The label of what was found where there was nothing to find."""

_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Gallery:
    """What queries are compared with, oldest first.

    `embeddings`: float64 (N, D); `labels`: int64 (N,); `values`: int64 (N,), of the background
    variable.
    """

    embeddings: Floats
    labels: Int64
    values: Int64

    def take(self, chosen: Mask | Int64) -> Gallery:
        """The chosen entries, by a mask or by their places."""
        return Gallery(self.embeddings[chosen], self.labels[chosen], self.values[chosen])

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Found:
    """The nearest entry to each query: its label, int64 (Q,), and how far it is, float64 (Q,).

    NOTHING at an infinite distance where there was no entry to compare with.
    """

    labels: Int64
    distances: Floats


def nothing_found(count: int) -> Found:
    """What so many queries find in an empty gallery."""
    return Found(np.full(count, NOTHING, dtype=np.int64), np.full(count, np.inf))


def nearest(gallery: Gallery, queries: Floats) -> Found:
    """Find the entry at the least Euclidean distance from each query, float64 (Q, D).

    Of entries at one distance the oldest counts.
    """
    from scipy.spatial.distance import cdist

    found = nothing_found(len(queries))
    if not len(gallery):
        return found
    for start in range(0, len(queries), _CHUNK):
        part = slice(start, start + _CHUNK)
        distances = cdist(queries[part], gallery.embeddings)
        first = distances.argmin(axis=1)
        found.labels[part] = gallery.labels[first]
        found.distances[part] = distances[np.arange(len(first)), first]
    return found
