"""Ties score their expected value: the mean over every order, counted out one by one."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import EmbeddingScores, score_embeddings

Expected = Callable[[list[float], list[int]], dict[str, float]]
GRID = 3


def few_points(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(4, 9))
    return rng.integers(0, GRID, (size, int(rng.integers(1, 3)))), rng.integers(0, 3, size)


def scored(*arrays: np.ndarray) -> EmbeddingScores | None:
    points, labels, *gallery = arrays
    given = dict(zip(("gallery", "gallery_labels"), gallery, strict=False))
    try:
        return score_embeddings(
            points, labels, distance="euclidean", clustering=None, seed=0, **given
        )
    except UserError:
        return None  # no positive pair in these few points


@pytest.mark.parametrize("seed", range(60))
def test_points_on_a_grid_score_the_mean_over_all_orders(seed: int, oracle: Expected) -> None:
    points, labels = few_points(seed)
    scores = scored(points, labels)
    for i, query in enumerate([] if scores is None else scores.queries):
        others = np.arange(len(points)) != query
        distances = ((points[others] - points[query]) ** 2).sum(axis=1).tolist()
        relevance = (labels[others] == labels[query]).astype(int).tolist()
        found = {name: values[i] for name, values in scores.per_query.items()}
        assert found == pytest.approx(oracle(distances, relevance), abs=1e-12)


@pytest.mark.parametrize("seed", range(60))
def test_a_separate_gallery_scores_the_mean_over_all_orders(seed: int, oracle: Expected) -> None:
    points, labels = few_points(seed)
    gallery = np.random.default_rng(seed + 1000).integers(0, GRID, (7, points.shape[1]))
    gallery_labels = np.array([0, 0, 1, 1, 1, 2, 3])
    scores = scored(points, labels, gallery, gallery_labels)
    assert scores is not None
    for i, query in enumerate(scores.queries):
        distances = ((gallery - points[query]) ** 2).sum(axis=1).tolist()
        relevance = (gallery_labels == labels[query]).astype(int).tolist()
        found = {name: values[i] for name, values in scores.per_query.items()}
        assert found == pytest.approx(oracle(distances, relevance), abs=1e-12)


def test_orthogonal_embeddings_tie_at_similarity_zero() -> None:
    points, labels = np.eye(4), np.array([0, 0, 1, 1])
    scores = score_embeddings(points, labels, clustering=None, seed=0)
    assert scores.per_query["precision_at_1"] == pytest.approx([1 / 3] * 4)


def test_zero_and_minus_zero_are_one_similarity() -> None:
    points = np.array([[1.0, 0.0], [0.0, 1.0], [-0.0, -1.0], [-1.0, 0.0]])
    scores = score_embeddings(points, [0, 0, 1, 1], clustering=None, seed=0)
    assert scores.per_query["precision_at_1"][0] == pytest.approx(0.5)


def test_a_duplicate_of_another_class_ties_with_the_right_one() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((400, 33)).astype(np.float32)
    points[200:] = points[:200]  # rows 0 and 200 are equal, their labels are not
    labels = np.concatenate((np.arange(200) // 2, 100 + np.arange(200) // 2))
    near = points[labels == 0]
    points[0], points[200] = near[1], near[1]

    scores = score_embeddings(points, labels, clustering=None, seed=0)

    assert scores.per_query["precision_at_1"][1] == pytest.approx(1 / 3)


def test_collapse_is_flagged() -> None:
    points = np.ones((40, 8)) + np.random.default_rng(0).standard_normal((40, 8)) * 1e-5
    scores = score_embeddings(points, np.arange(40) % 4, clustering=None, seed=0)
    assert scores.collapsed


def test_zeros_are_collapsed() -> None:
    scores = score_embeddings(np.zeros((8, 2)), np.arange(8) % 2, clustering=None, seed=0)
    assert scores.collapsed


def test_a_full_collapse_of_many_points_scores_chance() -> None:
    labels = np.arange(3000) % 5
    scores = score_embeddings(np.ones((3000, 4)), labels, clustering=None, seed=0)
    assert scores.values["r_precision"] == pytest.approx(599 / 2999, abs=1e-12)


def test_points_apart_are_not_collapsed() -> None:
    points = np.random.default_rng(0).standard_normal((40, 8))
    assert not score_embeddings(points, np.arange(40) % 4, clustering=None, seed=0).collapsed
