"""k-means of embeddings: restarts, spread and seeds."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import EmbeddingScores, KMeans, clustering, score_embeddings


def blobs(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 8
    return rng.standard_normal((8, 6))[labels] * 2 + rng.standard_normal((240, 6)), labels


def clustered(
    points: np.ndarray, labels: np.ndarray, *, seed: int, restarts: int = 3
) -> EmbeddingScores:
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


SEEDS = range(40)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.array([[0.0, 1.0], [1.0, 0.0]]), id="two points"),
        pytest.param(np.repeat(np.eye(4), 2, axis=0), id="four classes of two equal points"),
        pytest.param(np.repeat(np.eye(5), 3, axis=0)[:-2], id="classes of three and of one"),
        pytest.param(np.vstack((np.repeat(np.eye(3), 50, axis=0), [[1, 1, 1]])), id="one alone"),
    ],
)
@pytest.mark.parametrize("restarts", [1, 3])
def test_equal_points_of_a_class_are_clustered_without_fail(
    points: np.ndarray, restarts: int
) -> None:
    labels = np.unique(points, axis=0, return_inverse=True)[1].ravel()
    if len(points) == len(np.unique(labels)):  # each needs another of its class to be a query
        points, labels = np.vstack((points, points)), np.tile(labels, 2)
    for seed in SEEDS:
        found = clustered(points, labels, seed=seed, restarts=restarts).values
        assert (found["ami"], found["ari"]) == pytest.approx((1.0, 1.0))


def test_two_points_of_two_classes_are_two_clusters() -> None:
    gallery, gallery_labels = np.eye(2), np.arange(2)
    for seed in SEEDS:
        found = score_embeddings(
            np.eye(2), np.arange(2), gallery=gallery, gallery_labels=gallery_labels, seed=seed
        )
        assert found.values["ami"] == 1.0


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_a_hundred_clusters_well_apart_are_found_by_one_restart(distance: str) -> None:
    draw = np.random.default_rng(1)
    labels = np.repeat(np.arange(100), 16)
    points = draw.normal(size=(100, 64))[labels] + 0.1 * draw.normal(size=(1600, 64))
    once = KMeans(restarts=1)
    for seed in range(5):
        found = score_embeddings(points, labels, distance=distance, clustering=once, seed=seed)
        assert found.values["ami"] == pytest.approx(1.0)


def test_a_far_point_and_far_groups_leave_clusters_as_they_are() -> None:
    draw = np.random.default_rng(0)
    labels = np.arange(300) % 10
    points = draw.normal(size=(10, 8))[labels] + 0.05 * draw.normal(size=(300, 8))
    points[:, 0] += 1e5 * (labels % 2)
    points[0] *= 1e6
    labels[0] = 10
    found = score_embeddings(points, labels, distance="euclidean", seed=0)
    assert found.values["ami"] == pytest.approx(1.0)


def test_many_starts_at_a_time_are_as_many_and_different(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "_WORK", 1000)
    points = np.random.default_rng(0).normal(size=(200, 3))
    found = clustering.starts(points, 40, np.random.default_rng(0))
    assert len(found) == 40
    assert len(np.unique(found)) > 35


def test_a_cluster_that_loses_its_points_starts_again_far_off() -> None:
    rows = np.array([[0.0], [0.1], [0.2], [5.0]])
    run = clustering._lloyd(rows, np.array([[0.1], [9.0], [50.0]]), iterations=20)
    assert len(set(run.assigned.tolist())) == 3
