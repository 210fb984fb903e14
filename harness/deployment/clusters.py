"""A gallery of cluster centres: k-means for each value of the background variable.

O'Mahony et al., section 5.2, propose "a clustering algorithm, e.g. k-means" that takes the variable
and maps the latent space to classes; what a cluster stands for is left open. Here it is the class
that most of its members have.
"""

from __future__ import annotations

import numpy as np

from harness.deployment.nearest import Floats, Gallery, Int64

_RESTARTS = 3


def cluster(gallery: Gallery, *, count: int, seed: int) -> Gallery:
    """Replace the entries of each value by at most `count` centres, each with a class and a value.

    Of classes with as many members the one of the smallest number counts. With as many clusters
    as there are different entries nothing changes but their order. `seed`: of k-means, in
    [0, 2**32).
    """
    parts = [
        _centres(gallery.take(gallery.values == value), count, seed)
        for value in np.unique(gallery.values)
    ]
    return Gallery(
        embeddings=np.concatenate([part.embeddings for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        values=np.concatenate([part.values for part in parts]),
    )


def _centres(gallery: Gallery, count: int, seed: int) -> Gallery:
    centres, members = _k_means(gallery.embeddings, count, seed)
    used = np.unique(members)  # entries that differ by rounding alone leave some centres empty
    labels = [_most_common(gallery.labels[members == index]) for index in used]
    values = np.full(len(used), gallery.values[0], dtype=np.int64)
    return Gallery(centres[used], np.array(labels, dtype=np.int64), values)


def _k_means(rows: Floats, count: int, seed: int) -> tuple[Floats, Int64]:
    from sklearn.cluster import KMeans

    different = len(np.unique(rows, axis=0))
    found = KMeans(min(count, different), n_init=_RESTARTS, random_state=seed).fit(rows)
    return found.cluster_centers_.astype(np.float64), found.labels_.astype(np.int64)


def _most_common(labels: Int64) -> int:
    names, counts = np.unique(labels, return_counts=True)
    return int(names[counts.argmax()])
