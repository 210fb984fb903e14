"""k-means on embeddings, several seeded restarts, and how well the best agrees with the classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.errors import UserError
from harness.scoring.agreement import agreement
from harness.scoring.arrangement import canonical_order
from harness.scoring.geometry import Float32, Int64, Points


@dataclass(frozen=True, kw_only=True)
class KMeans:
    """Settings of the clustering: Lloyd's algorithm from random distinct rows, several times.

    `iterations`: at most; it stops when nothing moves any more. Raises UserError for a count
    below 1.
    """

    restarts: int = 3
    iterations: int = 100

    def __post_init__(self) -> None:
        if self.restarts < 1 or self.iterations < 1:
            raise UserError("k-means needs at least 1 restart and 1 iteration")


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """What the scores nmi, ami, ari and pairwise_f1 are from.

    The values are those of the restart with the lowest inertia (sum of squared distances to the
    nearest centroid). `spread`: name to the population standard deviation over all restarts.
    `inertias`: one a restart, in the order of the seeds.
    """

    clusters: int
    restarts: int
    seed: int
    inertias: tuple[float, ...]
    spread: dict[str, float]


def cluster(
    points: Points, labels: Int64, settings: KMeans, *, seed: int
) -> tuple[dict[str, float], Clustering]:
    """Cluster the points into as many clusters as there are labels, and compare.

    Runs on the points in canonical order, so that the result depends on the set of points and
    the seed, not on the row order nor on the labels' names. Returns the scores and their origin.
    """
    order, _ = canonical_order(points.rows)
    rows, classes = points.rows[order], labels[order]
    count = len(np.unique(labels))
    runs = []
    for child in np.random.SeedSequence(seed).generate_state(settings.restarts):
        assigned, inertia = _lloyd(rows, count, settings.iterations, int(child) >> 1)
        runs.append((inertia, agreement(classes, assigned)))
    best = min(range(len(runs)), key=lambda run: runs[run][0])
    spread = {name: float(np.std([scores[name] for _, scores in runs])) for name in runs[0][1]}
    inertias = tuple(inertia * points.unit**2 for inertia, _ in runs)
    details = Clustering(
        clusters=count, restarts=len(runs), seed=seed, inertias=inertias, spread=spread
    )
    return runs[best][1], details


def _lloyd(rows: Float32, count: int, iterations: int, seed: int) -> tuple[Int64, float]:
    import faiss

    kmeans = faiss.Kmeans(
        rows.shape[1],
        count,
        niter=iterations,
        seed=seed,
        # faiss would train on 256 points a centroid, and warn below 39.
        min_points_per_centroid=1,
        max_points_per_centroid=len(rows),
    )
    kmeans.train(rows)
    distances, assigned = kmeans.index.search(rows, 1)
    return assigned[:, 0].astype(np.int64), float(distances.sum(dtype=np.float64))
