"""The same numbers as another library and as float64 without a kernel, on 200 problems."""

import warnings

import numpy as np
import pytest
import torch

from harness.scoring import EmbeddingScores, score_embeddings

pytestmark = pytest.mark.methods  # pytorch-metric-learning comes with them

PROBLEMS = range(200)
SAME_NAME = {
    "precision_at_1": "precision_at_1",
    "r_precision": "r_precision",
    "map_at_r": "mean_average_precision_at_r",
    "map": "mean_average_precision",
    "mrr": "mean_reciprocal_rank",
}


def odd_problem(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size, dimensions = int(rng.integers(5, 190)), int(rng.integers(8, 70))
    classes = int(rng.integers(2, max(3, size // 2)))
    labels = rng.integers(0, classes, size)
    labels[:3] = [0, 0, 1]
    centres = rng.standard_normal((classes, dimensions)) * rng.choice([0.0, 0.5, 2.0])
    points = centres[labels] + rng.standard_normal((size, dimensions))
    return unit(points), labels


def unit(points: np.ndarray) -> np.ndarray:
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def scored(points: np.ndarray, labels: np.ndarray) -> EmbeddingScores:
    return score_embeddings(points, labels, clustering=None, seed=0)


def unit64(points: np.ndarray) -> np.ndarray:
    points = points.astype(np.float64)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def by_float64(
    points: np.ndarray, labels: np.ndarray, gallery: np.ndarray, gallery_labels: np.ndarray
) -> dict[str, float]:
    """Each score from a full ranking by float64 cosine, query by query."""
    similarity = unit64(points) @ unit64(gallery).T
    rows = []
    for query, label in enumerate(labels):
        order = np.argsort(-similarity[query])
        if gallery is points:
            order = order[order != query]
        right = gallery_labels[order] == label
        relevant = int(right.sum())
        if relevant:
            precision = np.cumsum(right) / np.arange(1, len(right) + 1)
            rows.append(
                {
                    "precision_at_1": right[0],
                    "recall_at_4": right[:4].any(),
                    "r_precision": right[:relevant].mean(),
                    "map_at_r": (precision * right)[:relevant].sum() / relevant,
                    "map": (precision * right).sum() / relevant,
                    "mrr": 1 / (1 + np.argmax(right)),
                }
            )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


@pytest.mark.parametrize("seed", PROBLEMS)
def test_scores_equal_a_full_float64_ranking(seed: int) -> None:
    points, labels = odd_problem(seed)
    expected = by_float64(points, labels, points, labels)
    found = scored(points, labels).values
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", PROBLEMS)
def test_scores_equal_pytorch_metric_learning(seed: int) -> None:
    points, labels = odd_problem(seed)
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    calculator = AccuracyCalculator(include=tuple(SAME_NAME.values()), k=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = calculator.get_accuracy(torch.from_numpy(points), torch.from_numpy(labels))
    ours = scored(points, labels).values  # their Euclidean order of unit rows is ours
    assert {name: ours[name] for name in SAME_NAME} == pytest.approx(
        {name: theirs[their_name] for name, their_name in SAME_NAME.items()}, abs=1e-6
    )


def a_problem_with_a_gallery(seed: int) -> tuple[np.ndarray, ...]:
    (points, labels), (gallery, gallery_labels) = odd_problem(seed), odd_problem(seed + 500)
    width = min(points.shape[1], gallery.shape[1])
    return unit(points[:, :width]), labels, unit(gallery[:, :width]), gallery_labels


@pytest.mark.parametrize("seed", range(20))
def test_a_separate_gallery_equals_a_full_float64_ranking(seed: int) -> None:
    points, labels, gallery, gallery_labels = a_problem_with_a_gallery(seed)
    expected = by_float64(points, labels, gallery, gallery_labels)
    found = score_embeddings(
        points, labels, gallery=gallery, gallery_labels=gallery_labels, clustering=None, seed=0
    ).values
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_a_separate_gallery_equals_pytorch_metric_learning(seed: int) -> None:
    points, labels, gallery, gallery_labels = a_problem_with_a_gallery(seed)
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    calculator = AccuracyCalculator(include=tuple(SAME_NAME.values()), k=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = calculator.get_accuracy(
            torch.from_numpy(points),
            torch.from_numpy(labels),
            torch.from_numpy(gallery),
            torch.from_numpy(gallery_labels),
            ref_includes_query=False,
        )
    ours = score_embeddings(
        points, labels, gallery=gallery, gallery_labels=gallery_labels, clustering=None, seed=0
    ).values
    # Older faiss rounds otherwise: two distances equal to seven digits may change places.
    assert {name: ours[name] for name in SAME_NAME} == pytest.approx(
        {name: theirs[their_name] for name, their_name in SAME_NAME.items()}, abs=5e-6
    )
