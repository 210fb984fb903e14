"""Counting and sorting are two ways to one number; the tests make the first take small problems."""

import numpy as np
import pytest

from harness.scoring import EmbeddingScores, counting, retrieval, score_embeddings


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count from the first point on, in tiles small enough for many to a problem."""
    monkeypatch.setattr(retrieval, "COUNT_FROM", 0)
    monkeypatch.setattr(counting, "TALL", 16)
    monkeypatch.setattr(counting, "WIDE", 40)


def random_problem(seed: int, *, grid: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(30, 300))
    labels = rng.integers(0, int(rng.integers(3, size)), size)
    labels[:2] = 0
    points = rng.integers(-3, 4, (size, 6)) if grid else rng.standard_normal((size, 11))
    return points.astype(np.float32), labels


def scored(points: np.ndarray, labels: np.ndarray, distance: str) -> EmbeddingScores:
    return score_embeddings(points, labels, distance=distance, clustering=None, seed=0)


@pytest.mark.parametrize(
    ("distance", "grid"), [("cosine", False), ("euclidean", False), ("euclidean", True)]
)
@pytest.mark.parametrize("seed", range(30))
def test_counting_gives_what_sorting_gives(
    seed: int, grid: bool, distance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points, labels = random_problem(seed, grid=grid)  # on a grid many distances are equal
    by_sorting = scored(points, labels, distance)
    monkeypatch.setattr(retrieval, "COUNT_FROM", 0)
    monkeypatch.setattr(counting, "TALL", 16)
    monkeypatch.setattr(counting, "WIDE", 40)
    by_counting = scored(points, labels, distance)
    for name, values in by_sorting.per_query.items():
        assert by_counting.per_query[name] == pytest.approx(values, abs=1e-12), name


@pytest.mark.usefixtures("counted")
def test_tied_neighbours_of_other_classes_share_the_rank() -> None:
    points = np.array([[0.0], [1.0], [-1.0], [8.0], [9.0], [10.5]])
    labels = np.array([0, 0, 1, 1, 2, 2])
    scores = scored(points, labels, "euclidean")
    assert scores.per_query["precision_at_1"][0] == 0.5


@pytest.mark.usefixtures("counted")
def test_a_duplicate_in_another_class_ties_with_its_twin() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 3))
    labels = np.arange(60) // 2
    points[1] = points[2]  # the only match of query 0, and a point of the next class
    points[0] = points[1] + 1e-3
    assert scored(points, labels, "cosine").per_query["precision_at_1"][0] == 0.5


@pytest.mark.usefixtures("counted")
def test_large_and_small_classes_meet_in_one_problem() -> None:
    rng = np.random.default_rng(0)
    labels = np.concatenate((np.arange(50) // 5, np.full(90, 77), [100, 101]))
    points = rng.standard_normal((len(labels), 4))
    counted_in_tiles = scored(points, labels, "cosine")
    assert len(counted_in_tiles.queries) == 140


@pytest.mark.usefixtures("counted")
def test_the_row_order_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((150, 5)), rng.integers(0, 60, 150)
    order = rng.permutation(150)
    before, after = (
        scored(points, labels, "cosine"),
        scored(points[order], labels[order], "cosine"),
    )
    assert before.values == after.values
