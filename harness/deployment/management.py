"""What of a gallery to keep: the newest of each class, without outliers.

O'Mahony et al., section 5.3, give the idea ("delete old embeddings given there are more than N",
then "remove outliers by some method, e.g. Median Absolute Deviation"). The score and its cut are
those of Iglewicz and Hoaglin 1993.
"""

from __future__ import annotations

import numpy as np

from harness.deployment.nearest import Floats, Gallery, Int64, Mask

CUT = 3.5
_CONSISTENT = 0.6745  # the MAD of a normal variable of unit variance


def manage(gallery: Gallery, *, limit: int) -> Gallery:
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
