"""Clusterers of one embedding: without corrections, and those that use them and learn no metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from harness.scoring.clustering import KMeans, cluster, starts
from harness.scoring.geometry import place

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Clusterer = Callable[[Float32, int, Int64, Int64, np.random.Generator], Int64]
"""Takes unit rows (N, D), how many clusters, which rows are corrected, their classes, and a draw.

Returns the cluster of each row, int64 (N,).
"""

_ITERATIONS = 100
_NEIGHBOURS, _SPREAD, _ROUNDS = 10, 0.9, 100
_GRID, _JUDGED = 8, 1000
_TRIED = 3
_LEAST = 1e-6


def unit(rows: npt.NDArray[np.generic]) -> Float32:
    """Rows of length 1; one of zeros stays so."""
    values = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def k_means(rows: Float32, count: int, *, seed: int) -> Int64:
    """k-means as boards score it: one start by k-means++."""
    (points,) = place(rows, "cosine")
    # Only how many there are of these counts.
    some = np.arange(len(rows)) % count
    return cluster(points, some, KMeans(restarts=1), seed=seed)[1].assigned


def estimated(rows: Float32, *, seed: int) -> Int64:
    """k-means whose number of clusters has the best silhouette (Rousseeuw 1987).

    Of eight numbers from 5 to 200, in equal ratios, each clustered and judged on 1,000 rows drawn
    with the seed, or all of fewer.
    """
    from sklearn.metrics import silhouette_score

    most = max(2, min(200, len(rows) // 5))
    judged = rows[np.sort(np.random.default_rng(seed).permutation(len(rows))[:_JUDGED])]
    counts = np.unique(np.geomspace(min(5, most), most, _GRID).round().astype(int))

    def silhouette(count: int) -> float:
        assigned = k_means(judged, count, seed=seed)
        some = 1 < len(np.unique(assigned)) < len(judged)
        return float(silhouette_score(judged, assigned)) if some else -2.0

    return k_means(rows, max(counts.tolist(), key=silhouette), seed=seed)


def seeded_k_means(
    rows: Float32, count: int, corrected: Int64, classes: Int64, draw: np.random.Generator
) -> Int64:
    """Seeded-KMeans (Basu, Banerjee and Mooney, ICML 2002): corrections are where it starts.

    A cluster for each corrected class starts at their mean, the others by k-means++.
    """
    names = np.unique(classes)
    means = [rows[corrected[classes == name]].mean(axis=0) for name in names]
    centres = _further(rows, np.array(means, dtype=np.float32)[:count], count, draw)
    return _lloyd(rows, centres, _nearest)


def cop_k_means(
    rows: Float32, count: int, corrected: Int64, classes: Int64, draw: np.random.Generator
) -> Int64:
    """COP-KMeans (Wagstaff et al., ICML 2001): texts of one class together, of two never.

    Texts of a corrected class are tied, and so move as one; taken in an order that is drawn, each
    class goes to the nearest centre that no other has. With no fewer clusters than
    corrected classes there always is one. Starts are by k-means++, as is common since.
    """
    names = draw.permutation(np.unique(classes))
    tied = [corrected[classes == name] for name in names][:count]
    means = np.array([rows[members].mean(axis=0) for members in tied])

    def legal(points: Float32, centres: Float32) -> Int64:
        assigned = _nearest(points, centres)
        free = np.ones(len(centres), dtype=np.bool_)
        for members, mean in zip(tied, means, strict=True):
            away = np.square(centres - mean).sum(axis=1)
            chosen = int(np.where(free, away, np.inf).argmin())
            free[chosen] = False
            assigned[members] = chosen
        return assigned

    return _lloyd(rows, rows[starts(rows, count, draw)], legal)


def mpck_means(
    rows: Float32, count: int, corrected: Int64, classes: Int64, draw: np.random.Generator
) -> Int64:
    """MPCK-Means (Bilenko, Basu and Mooney, ICML 2004): constraints and a metric, learned at once.

    One diagonal metric for all clusters; constraints between all pairs of corrected texts, of
    weight 1. A pair of one class in two clusters costs its squared distance; a pair of two classes
    in one cluster costs what its squared distance lacks to that of the farthest pair of texts.
    Texts are assigned one after the other, the corrected ones in an order that is drawn. Clusters
    start as in `seeded_k_means`.
    """
    names, codes = np.unique(classes, return_inverse=True)
    means = [rows[corrected[codes == code]].mean(axis=0) for code in range(len(names))]
    centres = _further(rows, np.array(means, dtype=np.float32)[:count], count, draw)
    same = codes[:, None] == codes
    weights = np.ones(rows.shape[1], dtype=np.float32)
    assigned = _nearest(rows, centres)
    for step in range(_ITERATIONS):
        scale = np.sqrt(weights)
        seen, centre = rows * scale, centres * scale
        first, second = _farthest(seen)
        farthest = float(np.square(seen[first] - seen[second]).sum())
        before, assigned = assigned, _nearest(seen, centre)
        assigned[corrected] = _constrained(
            _squares(seen[corrected], centre),
            _squares(seen[corrected], seen[corrected]),
            same,
            farthest,
            before[corrected],
            draw.permutation(len(corrected)),
        )
        for cluster_ in np.unique(assigned):
            centres[cluster_] = rows[assigned == cluster_].mean(axis=0)
        together = assigned[corrected][:, None] == assigned[corrected]
        spread = np.square(rows - centres[assigned]).sum(axis=0)
        spread += _of_pairs(rows[corrected], same & ~together)
        apart = ~same & together
        most = np.square(rows[first] - rows[second])
        spread += apart.sum() / 2 * most - _of_pairs(rows[corrected], apart)
        # Where kept-apart pairs are farther in a dimension than the farthest pair is, the metric
        # would be negative: the paper projects it back, here to a large weight.
        weights = (len(rows) / np.maximum(spread, _LEAST * len(rows))).astype(np.float32)
        if step and np.array_equal(before, assigned):  # the first step knows no metric yet
            break
    return assigned


def _constrained(
    away: Float64, apart: Float64, same: Bool, farthest: float, assigned: Int64, order: Int64
) -> Int64:
    """Assign corrected texts, each where it costs least while the others stay.

    `away`: squared distances (n, K) from the centres; `apart`: (n, n) among the texts; `same`:
    which are of one class; `assigned`: where they are now.
    """
    assigned, count = assigned.copy(), away.shape[1]
    for text in order:
        # The text itself is of its own class and at distance 0: it adds nothing.
        tied = np.where(same[text], apart[text], 0.0)
        kept = np.where(same[text], 0.0, np.maximum(farthest - apart[text], 0.0))
        costs = away[text] + tied.sum() + np.bincount(assigned, kept - tied, minlength=count)
        assigned[text] = int(costs.argmin())
    return assigned


def _of_pairs(rows: Float32, pairs: Bool) -> Float64:
    """The sum of squared differences by dimension, (D,), over symmetric pairs (n, n), each once."""
    linked = pairs.astype(np.float32)
    squares = np.square(rows) * linked.sum(axis=1)[:, None]
    return np.asarray((squares - rows * (linked @ rows)).sum(axis=0), dtype=np.float64)


def _farthest(rows: Float32) -> tuple[int, int]:
    """Two rows far apart: from the mean to the farthest row, and so on until it stays."""
    first = int(_squares(rows, rows.mean(axis=0, keepdims=True)).argmax())
    second = int(_squares(rows, rows[[first]]).argmax())
    while (third := int(_squares(rows, rows[[second]]).argmax())) != first:
        far = np.square(rows[second] - rows[third]).sum()
        if far <= np.square(rows[first] - rows[second]).sum():
            break
        first, second = second, third
    return first, second


def label_propagation(
    rows: Float32, _count: int, corrected: Int64, classes: Int64, _draw: np.random.Generator
) -> Int64:
    """Local and global consistency (Zhou et al., NIPS 2003): classes spread over neighbours.

    A symmetric graph of the 10 nearest by cosine, alpha 0.9, 100 rounds. A text has the class that
    most reaches it; those that none reaches are a cluster of their own.
    """
    import faiss
    from scipy.sparse import coo_array

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    near = min(_NEIGHBOURS + 1, len(rows))
    likeness, neighbours = index.search(rows, near)
    source = np.repeat(np.arange(len(rows)), near)
    weights = np.where(source == neighbours.ravel(), 0.0, np.maximum(likeness.ravel(), 0.0))
    graph = coo_array((weights, (source, neighbours.ravel())), shape=(len(rows),) * 2).tocsr()
    graph = graph.maximum(graph.T)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    scale = np.where(degree > 0, 1 / np.sqrt(np.where(degree > 0, degree, 1.0)), 0.0)
    graph = graph.multiply(scale[:, None]).multiply(scale[None, :]).tocsr()
    names, codes = np.unique(classes, return_inverse=True)
    given = np.zeros((len(rows), len(names)))
    given[corrected, codes] = 1.0
    spread = given.copy()
    for _ in range(_ROUNDS):
        spread = _SPREAD * (graph @ spread) + (1 - _SPREAD) * given
    reached = spread.max(axis=1) > 0
    return np.where(reached, spread.argmax(axis=1), len(names)).astype(np.int64)


CLUSTERERS: Mapping[str, Clusterer] = {
    "seeded-k-means": seeded_k_means,
    "cop-k-means": cop_k_means,
    "mpck-means": mpck_means,
    "label-propagation": label_propagation,
}
"""Controls that use corrections and learn no metric, by name."""


def _further(rows: Float32, centres: Float32, count: int, draw: np.random.Generator) -> Float32:
    """More centres until there are so many, by greedy k-means++, as `starts` has it."""
    chosen = list(centres)
    away = _squares(rows, centres).min(axis=1)
    while len(chosen) < count:
        total = away.sum()
        chance = away / total if total > 0 else None
        picks = np.append(draw.choice(len(rows), size=_TRIED, p=chance), away.argmax())
        left = np.minimum(away[:, None], _squares(rows, rows[picks]))
        best = int(left.sum(axis=0).argmin())
        chosen.append(rows[picks[best]])
        away = left[:, best]
    return np.array(chosen, dtype=np.float32)


def _lloyd(rows: Float32, centres: Float32, assign: Callable[[Float32, Float32], Int64]) -> Int64:
    """Lloyd's algorithm until nothing moves; a cluster that is empty stays where it was."""
    from scipy.sparse import csr_array

    assigned = assign(rows, centres)
    for _ in range(_ITERATIONS):
        sizes = np.bincount(assigned, minlength=len(centres))
        ones = np.ones(len(rows), dtype=np.float32)
        order = np.argsort(assigned, kind="stable")
        begins = np.concatenate(([0], np.cumsum(sizes)))
        sums = csr_array((ones, order, begins), shape=(len(centres), len(rows))) @ rows
        filled = sizes[:, None] > 0
        centres = np.where(filled, sums / np.maximum(sizes, 1)[:, None], centres)
        centres = centres.astype(np.float32)
        before, assigned = assigned, assign(rows, centres)
        if np.array_equal(before, assigned):
            break
    return assigned


def _nearest(rows: Float32, centres: Float32) -> Int64:
    return np.asarray(_squares(rows, centres).argmin(axis=1), dtype=np.int64)


def _squares(rows: Float32, centres: Float32) -> npt.NDArray[np.float64]:
    """Squared distances of unit rows from centres, (N, K), never below 0."""
    own = np.square(rows).sum(axis=1)[:, None] + np.square(centres).sum(axis=1)
    return np.asarray(np.maximum(own - 2 * rows @ centres.T, 0.0), dtype=np.float64)
