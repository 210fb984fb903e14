"""The loss-augmented facility location problem: greedy choice, then exchanges (PAM)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Distances = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

ROUNDS = 5


def best_medoids(distances: Distances, classes: Indices, gamma: float) -> tuple[Indices, float]:
    """Medoids, int64 (C,), that score high, and the NMI of their clustering with the classes.

    `distances`: (B, B). `classes`: int64 (B,), 0..C-1, each there. The score of a set is minus the
    sum of distances to the nearest medoid, plus gamma (1 - NMI). First the medoid that gains most
    is added until there are C; then each in turn is exchanged for the member of its cluster that
    scores best, until a round changes nothing or five are done.
    """
    one_hot = np.eye(classes.max() + 1)[classes]
    medoids = np.empty(0, dtype=np.int64)
    for _ in range(one_hot.shape[1]):
        sets = _extended(medoids, np.setdiff1d(np.arange(len(classes)), medoids))
        medoids = sets[np.argmax(scores(distances, one_hot, sets, gamma))]
    for _ in range(ROUNDS):
        before = medoids
        for place in range(len(medoids)):
            medoids = _exchanged(distances, one_hot, medoids, place, gamma)
        if np.array_equal(before, medoids):
            break
    return medoids, float(_nmi(distances, one_hot, medoids[None])[0])


def scores(
    distances: Distances, one_hot: npt.NDArray[np.float64], sets: Indices, gamma: float
) -> npt.NDArray[np.float64]:
    """Scores, (M,), of sets of medoids, int64 (M, C); `one_hot`: the classes, (B, K)."""
    facility = -distances[:, sets].min(axis=2).sum(axis=0)
    score: npt.NDArray[np.float64] = facility + gamma * (1.0 - _nmi(distances, one_hot, sets))
    return score


def _exchanged(
    distances: Distances,
    one_hot: npt.NDArray[np.float64],
    medoids: Indices,
    place: int,
    gamma: float,
) -> Indices:
    """The medoids with that at `place` exchanged for the best member of its cluster, or as is."""
    members = np.flatnonzero(distances[:, medoids].argmin(axis=1) == place)
    candidates = np.setdiff1d(members, medoids)
    sets = np.repeat(medoids[None], len(candidates) + 1, axis=0)
    sets[1:, place] = candidates
    exchanged: Indices = sets[np.argmax(scores(distances, one_hot, sets, gamma))]
    return exchanged


def _extended(medoids: Indices, candidates: Indices) -> Indices:
    return np.column_stack([np.tile(medoids, (len(candidates), 1)), candidates])


def _nmi(
    distances: Distances, one_hot: npt.NDArray[np.float64], sets: Indices
) -> npt.NDArray[np.float64]:
    """NMI, (M,), of the nearest-medoid clusterings with the classes; arithmetic mean."""
    nearest = distances[:, sets].argmin(axis=2)
    assigned = (nearest[:, :, None] == np.arange(sets.shape[1])).astype(np.float64)
    joint = np.einsum("bmc,bk->mck", assigned, one_hot, optimize=True) / len(distances)
    of_clusters, of_classes = _entropy(joint.sum(axis=2)), _entropy(joint.sum(axis=1))
    mutual = of_clusters + of_classes - _entropy(joint.reshape(len(sets), -1))
    total = of_clusters + of_classes
    return np.where(total > 0, 2.0 * mutual / np.where(total > 0, total, 1.0), 1.0)


def _entropy(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Entropies, (M,), of rows of shares."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    entropy: npt.NDArray[np.float64] = -(shares * logs).sum(axis=1)
    return entropy
