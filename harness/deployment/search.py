"""How an arm finds the nearest entry: in all of a gallery, or by the background variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.deployment.nearest import Floats, Found, Gallery, Int64, nearest
from harness.deployment.restriction import nearest_of_value, usable


@dataclass(frozen=True, eq=False)
class Samples:
    """A test part in the order of the file, which stands for time.

    `embeddings`: float64 (N, D); `labels`: int64 (N,); `values`: int64 (N,), of the background
    variable, restriction.UNKNOWN where it is not known.
    """

    embeddings: Floats
    labels: Int64
    values: Int64


@dataclass(frozen=True, eq=False)
class Search:
    """How an arm finds: in `entries`, those of the query's value alone if there is `otherwise`.

    `otherwise`: what queries without a value, or with one that no entry has, are searched for in.
    """

    entries: Gallery
    otherwise: Gallery | None = None

    def find(self, queries: Floats, values: Int64) -> Found:
        """The nearest entry to each query; `queries`: float64 (Q, D), `values`: int64 (Q,)."""
        return self._among(None, queries, values)

    def own_distances(self, samples: Samples) -> Floats:
        """How far each sample is from the nearest entry of its class that it may be compared with.

        Infinite where there is none: float64 (N,).
        """
        distances = np.full(len(samples.labels), np.inf)
        for label in np.unique(samples.labels):
            own = samples.labels == label
            found = self._among(int(label), samples.embeddings[own], samples.values[own])
            distances[own] = found.distances
        return distances

    def _among(self, label: int | None, queries: Floats, values: Int64) -> Found:
        """The nearest entry of a class, or of all."""
        entries = _of_class(self.entries, label)
        if self.otherwise is None:
            return nearest(entries, queries)
        known = usable(values, self.entries)
        return nearest_of_value(entries, queries, known, otherwise=_of_class(self.otherwise, label))


def _of_class(gallery: Gallery, label: int | None) -> Gallery:
    return gallery if label is None else gallery.take(gallery.labels == label)
