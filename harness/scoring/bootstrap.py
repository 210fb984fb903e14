"""Bootstrap intervals of scores, resampled by class: the classes are what a test set samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring import EmbeddingScores
from harness.scoring.agreement import Contingency, contingency, of_table
from harness.scoring.geometry import Int64
from harness.scoring.standing import Float64

_CHUNK = 1 << 22


@dataclass(frozen=True)
class BootstrapInterval:
    """Lower and upper end."""

    low: float
    high: float


def bootstrap_intervals(
    scores: EmbeddingScores,
    labels: npt.ArrayLike,
    *,
    seed: int,
    draws: int = 1000,
    clustering_draws: int = 200,
    level: float = 0.95,
) -> dict[str, BootstrapInterval]:
    """Percentile intervals of all `scores.values`.

    Each draw takes as many classes as there are, with replacement, with all their queries; a
    class drawn twice counts twice. Neighbours and clusters stay what they are: the interval tells
    how the score varies with the classes that were tested, not with training or with the
    gallery. Scores of a clustering take `clustering_draws`, because each is a sum of its own, and
    their draws are centred on the score.

    `labels`: those given to `score_embeddings`. Raises UserError for counts below 1 or a level
    outside (0, 1).
    """
    if draws < 1 or clustering_draws < 1 or not 0 < level < 1:
        raise UserError("the bootstrap needs at least 1 draw and a level between 0 and 1")
    streams = np.random.SeedSequence(seed).spawn(2)
    codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
    drawn = _retrieval(scores, codes, np.random.default_rng(streams[0]), draws)
    if scores.clustering is not None:
        table = contingency(codes, scores.clustering.assigned)
        agreed = _agreement(table, np.random.default_rng(streams[1]), clustering_draws)
        drawn |= {name: _centred(agreed[name], scores.values[name]) for name in agreed}
    ends = [50 * (1 - level), 50 * (1 + level)]
    return {
        name: BootstrapInterval(*(float(end) for end in np.percentile(drawn[name], ends)))
        for name in scores.values
    }


def _centred(drawn: Float64, value: float) -> Float64:
    """Shift draws to the score: a draw has fewer distinct classes, which alone lifts agreement."""
    return np.asarray(np.clip(drawn - drawn.mean() + value, -1.0, 1.0))


def _weights(classes: int, rng: np.random.Generator, draws: int) -> Iterator[npt.NDArray[np.int64]]:
    """How often each class is drawn, int64 (some draws, classes), until all draws are there."""
    size = max(1, _CHUNK // classes)
    for start in range(0, draws, size):
        some = min(size, draws - start)
        picks = rng.integers(classes, size=(some, classes))
        picks += np.arange(some)[:, None] * classes
        yield np.bincount(picks.ravel(), minlength=some * classes).reshape(some, classes)


def _retrieval(
    scores: EmbeddingScores, codes: Int64, rng: np.random.Generator, draws: int
) -> dict[str, Float64]:
    _, inverse, sizes = np.unique(codes[scores.queries], return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(inverse, weights=values) for values in scores.per_query.values()])
    means = [
        (weights @ sums.T) / (weights @ sizes)[:, None]
        for weights in _weights(len(sizes), rng, draws)
    ]
    return dict(zip(scores.per_query, np.concatenate(means).T, strict=True))


def _agreement(table: Contingency, rng: np.random.Generator, draws: int) -> dict[str, Float64]:
    drawn = [
        of_table(_reweighted(table, row))
        for weights in _weights(len(table.class_sizes), rng, draws)
        for row in weights
        # Of one class there is nothing to tell apart, and every clustering agrees with it.
        if np.count_nonzero(row) > 1
    ] or [of_table(table)]
    return {name: np.array([scores[name] for scores in drawn]) for name in drawn[0]}


def _reweighted(table: Contingency, times: Int64) -> Contingency:
    cells = table.cells * times[table.cell_class]
    sizes = table.class_sizes * times
    clusters = np.bincount(table.cell_cluster, weights=cells, minlength=len(table.cluster_sizes))
    kept = cells > 0
    clusters = clusters.astype(np.int64)
    return Contingency(
        cells=cells[kept],
        cell_class=_renumbered(sizes > 0)[table.cell_class[kept]],
        cell_cluster=_renumbered(clusters > 0)[table.cell_cluster[kept]],
        class_sizes=sizes[sizes > 0],
        cluster_sizes=clusters[clusters > 0],
        total=int(sizes.sum()),
    )


def _renumbered(kept: npt.NDArray[np.bool_]) -> Int64:
    return np.cumsum(kept) - 1
