"""Galleries: who is nearest among which entries, how many are kept, how near is near enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

UNKNOWN = -1
"""The value of a sample whose background variable is not known."""
NOTHING = -1
"""The label of what was found where there was nothing to find."""

_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class GallerySamples:
    """A gallery's entries, or what is compared with them; oldest first, as in their file.

    `embeddings`: float64 (N, D); `labels`: int64 (N,); `values`: int64 (N,), of the background
    variable, UNKNOWN where it is not known.
    """

    embeddings: Floats
    labels: Int64
    values: Int64

    def take(self, chosen: Mask | Int64) -> GallerySamples:
        """The chosen ones, by a mask or by their places."""
        return GallerySamples(self.embeddings[chosen], self.labels[chosen], self.values[chosen])

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest entry to each query: its label, int64 (Q,), and how far it is, float64 (Q,).

    NOTHING at an infinite distance where there was no entry to compare with.
    """

    labels: Int64
    distances: Floats

    @classmethod
    def nothing(cls, count: int) -> Nearest:
        """What so many queries find in an empty gallery."""
        return cls(np.full(count, NOTHING, dtype=np.int64), np.full(count, np.inf))


def nearest(gallery: GallerySamples, queries: Floats) -> Nearest:
    """Find the entry at the least Euclidean distance from each query, float64 (Q, D).

    Of entries at one distance the oldest counts.
    """
    from scipy.spatial.distance import cdist

    found = Nearest.nothing(len(queries))
    if not len(gallery):
        return found
    for start in range(0, len(queries), _CHUNK):
        part = slice(start, start + _CHUNK)
        distances = cdist(queries[part], gallery.embeddings)
        first = distances.argmin(axis=1)
        found.labels[part] = gallery.labels[first]
        found.distances[part] = distances[np.arange(len(first)), first]
    return found


def usable(values: Int64, gallery: GallerySamples) -> Int64:
    """The same values, but UNKNOWN for those that no entry of the gallery has: int64 (Q,)."""
    return np.where(np.isin(values, gallery.values), values, UNKNOWN)


def nearest_of_value(
    gallery: GallerySamples, queries: Floats, values: Int64, *, otherwise: GallerySamples
) -> Nearest:
    """Find the nearest entry to each query among those of the query's value.

    `values`: int64 (Q,). Queries of UNKNOWN value are searched for in `otherwise`.
    """
    found = Nearest.nothing(len(queries))
    for value in np.unique(values):
        asking = values == value
        among = otherwise if value == UNKNOWN else gallery.take(gallery.values == value)
        part = nearest(among, queries[asking])
        found.labels[asking], found.distances[asking] = part.labels, part.distances
    return found


_RESTARTS = 3


def cluster(gallery: GallerySamples, *, count: int, seed: int) -> GallerySamples:
    """Replace the entries of each value by at most `count` centres, each with a class and a value.

    Of classes with as many members the one of the smallest number counts. With as many clusters
    as there are different entries nothing changes but their order. `seed`: of k-means, in
    [0, 2**32).
    """
    parts = [
        _centres(gallery.take(gallery.values == value), count, seed)
        for value in np.unique(gallery.values)
    ]
    return GallerySamples(
        embeddings=np.concatenate([part.embeddings for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        values=np.concatenate([part.values for part in parts]),
    )


def _centres(gallery: GallerySamples, count: int, seed: int) -> GallerySamples:
    centres, members = _k_means(gallery.embeddings, count, seed)
    used = np.unique(members)  # entries that differ by rounding alone leave some centres empty
    # The most common class; of several the one of the smallest number, which comes first.
    labels = [np.bincount(gallery.labels[members == index]).argmax() for index in used]
    values = np.full(len(used), gallery.values[0], dtype=np.int64)
    return GallerySamples(centres[used], np.array(labels, dtype=np.int64), values)


def _k_means(rows: Floats, count: int, seed: int) -> tuple[Floats, Int64]:
    from sklearn.cluster import KMeans

    different = len(np.unique(rows, axis=0))
    found = KMeans(min(count, different), n_init=_RESTARTS, random_state=seed).fit(rows)
    return found.cluster_centers_.astype(np.float64), found.labels_.astype(np.int64)


CUT = 3.5
_CONSISTENT = 0.6745  # the MAD of a normal variable of unit variance


def manage(gallery: GallerySamples, *, limit: int) -> GallerySamples:
    """Keep the newest `limit` of each class, and of those the ones that are no outliers.

    In this order: outliers are judged among what is kept. A second pass may drop more, because
    the median and the deviation have moved.
    """
    recent = gallery.take(newest(gallery.labels, limit=limit))
    return recent.take(~outliers(recent.embeddings, recent.labels))


def newest(labels: Int64, *, limit: int) -> Mask:
    """Whether each entry is among the last `limit` of its class: bool (N,).

    `labels`: int64 (N,), oldest first; `limit`: 1 or more.
    """
    kept = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        kept[np.flatnonzero(labels == label)[-limit:]] = True
    return kept


def outliers(embeddings: Floats, labels: Int64) -> Mask:
    """Whether each entry lies too far from its class's coordinate-wise median: bool (N,).

    Too far: a `deviation_scores` above 3.5. No class loses all its entries, because half of them
    lie no farther than the median distance.
    """
    found = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        own = labels == label
        away = embeddings[own] - np.median(embeddings[own], axis=0)
        found[own] = deviation_scores(np.linalg.norm(away, axis=1)) > CUT
    return found


def deviation_scores(distances: Floats) -> Floats:
    """0.6745 (r - median r) / MAD r, float64 (N,); all 0 where the MAD is 0."""
    away = distances - np.median(distances)
    spread = np.median(np.abs(away))
    return np.zeros_like(away) if spread == 0 else np.asarray(_CONSISTENT * away / spread)


FEWEST = 3
"""Samples that a class needs for a threshold of its own."""


@dataclass(frozen=True)
class Thresholds:
    """The distance up to which what was found is accepted, by the class that was found.

    `overall` is for classes that have none of their own in `of_class`.
    """

    overall: float
    of_class: Mapping[int, float] = field(default_factory=dict)

    def limits(self, labels: Int64) -> Floats:
        """The threshold of each class found: float64 (Q,)."""
        return np.array([self.of_class.get(int(label), self.overall) for label in labels])


def overall_threshold(distances: Floats, *, share: float) -> Thresholds:
    """The smallest distance that `share` of those from known samples to their own class reach.

    `distances`: float64 (N,); samples whose class has no entry are infinitely far and left out.
    `share`: in (0, 1]. Scaling all embeddings scales it alike. With no sample to go by it is 0.
    """
    finite = distances[np.isfinite(distances)]
    return Thresholds(_quantile(finite, share) if len(finite) else 0.0)


def class_thresholds(distances: Floats, labels: Int64, *, share: float) -> Thresholds:
    """The same for each class by its own samples, `labels` int64 (N,).

    Classes of fewer than three have the overall one; where the distances of all classes are alike
    so are the thresholds.
    """
    known = np.isfinite(distances)
    own = {
        int(label): _quantile(distances[known & (labels == label)], share)
        for label in np.unique(labels)
        if np.count_nonzero(known & (labels == label)) >= FEWEST
    }
    return Thresholds(overall_threshold(distances, share=share).overall, own)


def _quantile(distances: Floats, share: float) -> float:
    # A distance that was measured: equal samples then have equal quantiles, however many they are.
    return float(np.quantile(distances, share, method="inverted_cdf"))
