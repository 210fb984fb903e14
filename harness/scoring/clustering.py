"""k-means on embeddings, several seeded restarts, and how well the best agrees with the classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.errors import UserError
from harness.scoring.agreement import agreement
from harness.scoring.geometry import Int64, Points, canonical_order
from harness.scoring.inputs import Floats

_TRIED = 4
_FARTHEST = 2.0**480
_TOLD = 1e3
_WORK = 1 << 35
_BLOCK = 1 << 21
_WORTH_THREADS = 1 << 30


@dataclass(frozen=True, kw_only=True)
class KMeans:
    """Settings of the clustering: Lloyd's algorithm from starts by k-means++, several times.

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
    order, equal = canonical_order(points.rows)
    classes, count = labels[order], len(np.unique(labels))
    if equal[-1] < count:  # as many clusters as there are different points: nothing to search
        runs = [_Run(equal, 0.0)] * settings.restarts
    else:
        rows = _ready(points, order)
        seeds = np.random.SeedSequence(seed).spawn(settings.restarts)
        runs = [_run(rows, count, settings.iterations, np.random.default_rng(s)) for s in seeds]
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


def _run(rows: Floats, count: int, iterations: int, draw: np.random.Generator) -> _Run:
    centres = rows[starts(rows, count, draw)]
    if rows.dtype == np.float32:
        return _by_faiss(rows, centres, iterations)
    _, apart = _assign(rows, centres)
    # Where float32 tells a point's distances to the centres apart by far, it is as good.
    if 2 * np.mean(apart) > _TOLD * np.finfo(np.float32).eps * np.square(rows).sum(axis=1).max():
        return _by_faiss(rows.astype(np.float32), centres.astype(np.float32), iterations)
    return _lloyd(rows, centres, iterations)


def _ready(points: Points, order: Int64) -> Floats:
    """The points in that order, as the distances of the clustering are computed.

    Of Euclidean points float64 about their mean, for float32 may not tell them apart.
    """
    if points.half_norms is None:
        return points.rows[order]
    # Beyond that float64 does not hold their squares.
    rows = np.clip(points.exactly(order), -_FARTHEST, _FARTHEST)
    return np.asarray(rows - rows.mean(axis=0))


def starts(rows: Floats, count: int, draw: np.random.Generator) -> Int64:
    """Rows to start from: int64 (count,), by greedy k-means++ that tries the farthest row too.

    Of each step's candidates, a few drawn with a chance in proportion to the squared distance from
    the nearest start so far (Arthur and Vassilvitskii, SODA 2007) and the row that is farthest, the
    one counts that leaves the least sum of those distances: clusters that are well apart each get
    a start. Where that would take too long, many rows are drawn at a time.
    """
    squares = np.einsum("nd,nd->n", rows, rows)
    chosen = [int(draw.integers(len(rows)))]
    nearest = _from(rows, squares, np.array(chosen))[0]
    together = min(-(-rows.size * count // _WORK), _TRIED + 32 * _BLOCK // len(rows))
    while len(chosen) < count:
        picks = np.unique(_picks(nearest, max(_TRIED, together), draw))
        left = np.minimum(_from(rows, squares, picks), nearest)
        if together <= 1:
            best = int(np.argmin(left.sum(axis=1)))
            picks, left = picks[best : best + 1], left[best : best + 1]
        picks = picks[: count - len(chosen)]
        chosen += picks.tolist()
        nearest = left[: len(picks)].min(axis=0)
    return np.array(chosen)


def _picks(nearest: Floats, drawn: int, draw: np.random.Generator) -> Int64:
    """The farthest row, then some drawn by their squared distance."""
    summed = np.cumsum(nearest, dtype=np.float64)
    found = np.searchsorted(summed, draw.random(drawn - 1) * summed[-1], side="right")
    return np.append(np.argmax(nearest), np.minimum(found, len(nearest) - 1))


def _from(rows: Floats, squares: Floats, which: Int64) -> Floats:
    """Squared distances of all rows from some, (some, N), never below 0."""
    apart = squares[which, None] + squares - 2 * (rows[which] @ rows.T)
    apart[np.arange(len(which)), which] = 0
    return np.asarray(np.maximum(apart, 0, out=apart))


def _by_faiss(rows: Floats, centres: Floats, iterations: int) -> _Run:
    """Lloyd's algorithm, until nothing moves: five times as fast as here, in float32."""
    import faiss

    kmeans = faiss.Kmeans(
        rows.shape[1],
        len(centres),
        niter=iterations,
        # faiss would train on 256 points a centroid, and warn below 39.
        min_points_per_centroid=1,
        max_points_per_centroid=len(rows),
    )
    with _threads(rows.size * len(centres)):
        kmeans.train(rows, init_centroids=centres)
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


def _lloyd(rows: Floats, centres: Floats, iterations: int) -> _Run:
    """Lloyd's algorithm, until nothing moves."""
    assigned, apart = _assign(rows, centres)
    for _ in range(iterations):
        centres = _means(rows, assigned, apart, centres)
        before = assigned
        assigned, apart = _assign(rows, centres)
        if np.array_equal(before, assigned):
            break
    off = rows - centres[assigned]
    return _Run(assigned, float(np.einsum("nd,nd->", off, off, dtype=np.float64)))


def _assign(rows: Floats, centres: Floats) -> tuple[Int64, Floats]:
    """The nearest centre of each row, the first of equal ones, and half a squared distance."""
    halves = np.einsum("kd,kd->k", centres, centres) / 2
    assigned = np.empty(len(rows), dtype=np.int64)
    apart = np.empty(len(rows), dtype=rows.dtype)
    step = max(1, _BLOCK // len(centres))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        values = halves - part @ centres.T
        found = values.argmin(axis=1)
        assigned[start : start + step] = found
        apart[start : start + step] = (
            values[np.arange(len(part)), found] + np.einsum("nd,nd->n", part, part) / 2
        )
    return assigned, apart


def _means(rows: Floats, assigned: Int64, apart: Floats, centres: Floats) -> Floats:
    """The mean of each cluster; one that lost all its rows takes the row farthest from its own."""
    from scipy.sparse import csr_array

    count = len(centres)
    sizes = np.bincount(assigned, minlength=count)
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        assigned = assigned.copy()
        for cluster, row in zip(empty, np.argsort(-apart, kind="stable"), strict=False):
            assigned[row] = cluster
        sizes = np.bincount(assigned, minlength=count)
    ones = np.ones(len(rows), dtype=rows.dtype)
    order = np.argsort(assigned, kind="stable")
    begins = np.concatenate(([0], np.cumsum(sizes)))
    sums = csr_array((ones, order, begins), shape=(count, len(rows))) @ rows
    filled = sizes[:, None] > 0
    return np.where(filled, sums / np.maximum(sizes, 1)[:, None].astype(rows.dtype), centres)
