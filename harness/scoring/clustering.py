"""k-means on embeddings, several seeded restarts, and how well the best agrees with the classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.errors import UserError
from harness.scoring.agreement import agreement
from harness.scoring.arrangement import canonical_order
from harness.scoring.geometry import Float32, Int64, Points

_WORTH_THREADS = 1 << 30


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Clustering:
    """What the scores nmi, ami, ari and pairwise_f1 are from.

    The values are those of the restart with the lowest inertia (sum of squared distances to the
    nearest centroid). `spread`: name to the population standard deviation over all restarts.
    `inertias`: one a restart, in the order of the seeds. `assigned`: int64 (N,), the cluster of
    each point of the input in that best restart.
    """

    clusters: int
    restarts: int
    seed: int
    inertias: tuple[float, ...]
    spread: dict[str, float]
    assigned: Int64


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
    seeds = np.random.SeedSequence(seed).generate_state(settings.restarts)
    runs = [_lloyd(rows, count, settings.iterations, int(child) >> 1) for child in seeds]
    scores = [agreement(classes, run.assigned) for run in runs]
    best = min(range(len(runs)), key=lambda i: runs[i].inertia)
    assigned = np.empty_like(order)
    assigned[order] = runs[best].assigned
    return scores[best], Clustering(
        clusters=count,
        restarts=settings.restarts,
        seed=seed,
        inertias=tuple(run.inertia * points.unit * points.unit for run in runs),
        spread={name: float(np.std([score[name] for score in scores])) for name in scores[0]},
        assigned=assigned,
    )


class _Run(NamedTuple):
    assigned: Int64
    inertia: float


def _lloyd(rows: Float32, count: int, iterations: int, seed: int) -> _Run:
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
    with _threads(len(rows) * count * rows.shape[1]):
        kmeans.train(rows)
        distances, assigned = kmeans.index.search(rows, 1)
    return _Run(assigned[:, 0].astype(np.int64), float(distances.sum(dtype=np.float64)))


@contextmanager
def _threads(work: int) -> Iterator[None]:
    """Let faiss use one thread for little work: on a busy machine its threads wait for each other.

    `work`: multiplications of one iteration.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(before if work >= _WORTH_THREADS else 1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
