"""k-means of embeddings: restarts, spread and seeds."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import KMeans, Scores, score_embeddings


def blobs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 8
    return rng.standard_normal((8, 6))[labels] * 2 + rng.standard_normal((240, 6)), labels


def clustered(points: np.ndarray, labels: np.ndarray, *, seed: int, restarts: int = 3) -> Scores:
    return score_embeddings(points, labels, clustering=KMeans(restarts=restarts), seed=seed)


def test_a_seed_gives_the_same_clusters_again() -> None:
    np.random.seed(1)
    first = clustered(*blobs(), seed=5)
    np.random.seed(2)
    assert clustered(*blobs(), seed=5).values == first.values


def test_another_seed_gives_other_clusters() -> None:
    inertias = {clustered(*blobs(), seed=seed).clustering.inertias for seed in range(4)}
    assert len(inertias) == 4


def test_each_restart_is_reported() -> None:
    assert len(clustered(*blobs(), seed=0, restarts=4).clustering.inertias) == 4


def test_the_tightest_restart_counts() -> None:
    points, labels = blobs()
    scores = clustered(points, labels, seed=0, restarts=5)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    assigned = scores.clustering.assigned
    centres = np.stack([unit[assigned == cluster].mean(axis=0) for cluster in range(8)])
    inertia = ((unit - centres[assigned]) ** 2).sum()
    assert inertia == pytest.approx(min(scores.clustering.inertias), rel=1e-4)


def test_the_spread_over_restarts_is_named_as_the_scores() -> None:
    assert set(clustered(*blobs(), seed=0).clustering.spread) == {
        "nmi",
        "ami",
        "ari",
        "pairwise_f1",
    }


def test_classes_far_apart_are_found() -> None:
    labels = np.arange(60) % 3
    points = np.eye(3)[labels] + np.random.default_rng(0).standard_normal((60, 3)) * 0.01
    assert clustered(points, labels, seed=0).values["ami"] == pytest.approx(1.0)


def test_inertia_is_in_units_of_the_input() -> None:
    points, labels = blobs()
    small, large = (
        score_embeddings(points * scale, labels, distance="euclidean", seed=0).clustering.inertias
        for scale in (1.0, 1024.0)
    )
    assert large == pytest.approx([inertia * 1024**2 for inertia in small])


def test_clustering_can_be_left_out() -> None:
    scores = score_embeddings(*blobs(), clustering=None, seed=0)
    assert "nmi" not in scores.values


@pytest.mark.parametrize("bad", [{"restarts": 0}, {"iterations": 0}])
def test_a_count_below_one_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UserError, match="at least 1"):
        KMeans(**bad)
