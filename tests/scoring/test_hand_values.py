"""Scores worked out by hand: the golden vectors of docs/metrics.md."""

import numpy as np
import pytest

from harness.scoring import EmbeddingScores, agreement, score_embeddings

LABELS = np.array([0, 0, 1, 0, 1, 2])
TIED = np.array([[0.0], [1.0], [2.5], [3.0], [5.0], [9.0]])
"""From 3, the points 1 and 5 are equally far; from 2.5, the points 0 and 5."""
UNTIED = np.array([[0.0], [1.0], [2.5], [3.0], [5.001], [9.0]])


def scored(points: np.ndarray, labels: np.ndarray = LABELS) -> EmbeddingScores:
    return score_embeddings(points, labels, distance="euclidean", clustering=None, seed=0)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("precision_at_1", [1, 1, 0, 0, 0]),
        ("recall_at_2", [1, 1, 0, 1, 1]),
        ("r_precision", [0.5, 0.5, 0, 0.5, 0]),
        ("map_at_r", [0.5, 0.5, 0, 0.25, 0]),
        ("map", [5 / 6, 5 / 6, 0.25, 0.5, 0.5]),
        ("mrr", [1, 1, 0.25, 0.5, 0.5]),
    ],
)
def test_six_points_on_a_line_score_as_by_hand(name: str, by_hand: list[float]) -> None:
    assert scored(UNTIED).per_query[name] == pytest.approx(by_hand, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("precision_at_1", 0.4),
        ("recall_at_2", 0.8),
        ("r_precision", 0.3),
        ("map_at_r", 0.25),
        ("map", 7 / 12),
    ],
)
def test_the_mean_leaves_out_the_class_of_one(name: str, mean: float) -> None:
    assert scored(UNTIED).values[name] == pytest.approx(mean, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "mean"), [("precision_at_1", 1 / 3), ("r_precision", 0.25), ("map_at_r", 5 / 24)]
)
def test_the_mean_of_classes_weighs_each_class_once(name: str, mean: float) -> None:
    assert scored(UNTIED).class_means[name] == pytest.approx(mean, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("recall_at_2", [1, 1, 0, 0.5, 1]),
        ("r_precision", [0.5, 0.5, 0, 0.25, 0]),
        ("map_at_r", [0.5, 0.5, 0, 0.125, 0]),
        ("map", [5 / 6, 5 / 6, 7 / 24, 11 / 24, 0.5]),
        ("mrr", [1, 1, 7 / 24, 5 / 12, 0.5]),
    ],
)
def test_a_tie_scores_the_mean_of_its_orders(name: str, by_hand: list[float]) -> None:
    assert scored(TIED).per_query[name] == pytest.approx(by_hand, abs=1e-15)


def test_the_class_of_one_is_counted() -> None:
    assert scored(TIED).singletons == 1


@pytest.mark.parametrize(
    ("right_ranks", "r_precision", "map_at_r"),
    [([1], 0.1, 0.1), ([1, 10], 0.2, 0.12), ([1, 2], 0.2, 0.2)],
)
def test_ten_relevant_items_score_as_by_hand(
    right_ranks: list[int], r_precision: float, map_at_r: float
) -> None:
    relevant = [rank in right_ranks for rank in range(1, 11)] + [True] * (10 - len(right_ranks))
    labels = np.array([1, *relevant], dtype=int)
    points = np.arange(len(labels), dtype=float)[:, None]

    query = {name: values[0] for name, values in scored(points, labels).per_query.items()}

    assert (query["r_precision"], query["map_at_r"]) == pytest.approx((r_precision, map_at_r))


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [("nmi", 0.515804), ("ami", 0.298792), ("pairwise_f1", 4 / 9), ("ari", 8 / 33)],
)
def test_two_classes_in_three_clusters_agree_as_by_hand(name: str, by_hand: float) -> None:
    found = agreement(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 2, 2]))
    assert found[name] == pytest.approx(by_hand, abs=5e-7)


def test_equal_embeddings_score_chance_in_any_row_order() -> None:
    orders = [np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 0, 1, 2])]
    found = [scored(np.ones((6, 2)), labels).values["precision_at_1"] for labels in orders]
    assert found == pytest.approx([0.2, 0.2])
