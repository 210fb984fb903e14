"""Classifiers fitted on labelled embeddings and tested on others."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring.classifiers import classify

KINDS = ("knn_1", "knn_5", "svm_rbf", "random_forest", "mlp", "linear")


def blobs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    return np.eye(3)[labels] * 4 + rng.standard_normal((count, 3)), labels


@pytest.mark.parametrize("kind", KINDS)
def test_classes_far_apart_are_told_apart(kind: str) -> None:
    found = classify(*blobs(90, 0), *blobs(60, 1), classifiers=[kind], seed=0)
    assert found[kind].accuracy > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_training_points_changes_nothing(kind: str) -> None:
    points, labels = blobs(60, 0)
    order = np.random.default_rng(0).permutation(60)
    found = [
        classify(*train, *blobs(40, 1), classifiers=[kind], seed=0)
        for train in ((points, labels), (points[order], labels[order]))
    ]
    assert found[0] == found[1]


@pytest.mark.filterwarnings("error")  # that the MLP did not converge is no news on a terminal
@pytest.mark.parametrize("kind", ["random_forest", "mlp"])
def test_the_seed_is_wired(kind: str) -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((80, 5)), rng.integers(0, 4, 80)
    found = {
        seed: classify(points, labels, points[::-1] + 0.5, labels, classifiers=[kind], seed=seed)
        for seed in (1, 2)
    }
    assert found[1] != found[2]


def test_hand_counted_scores_of_one_neighbour() -> None:
    found = classify(
        [[0.0], [1.0], [5.0]], [0, 0, 1], [[0.1], [4.0], [6.0], [0.4]], [0, 0, 1, 2],
        classifiers=["knn_1"], distance="euclidean", seed=0,
    )["knn_1"]  # fmt: skip
    assert (found.accuracy, found.macro_recall) == (0.5, pytest.approx((0.5 + 1 + 0) / 3))
    assert found.macro_f1 == pytest.approx((0.5 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classifiers": ["svm_rdf"]}, "did you mean 'svm_rbf'"),
        ({"classifiers": ["knn_0"]}, "knn_0 needs 1 to 9"),
        ({"classifiers": ["knn_10"]}, "knn_10 needs 1 to 9"),
        ({"train_labels": [1] * 9}, "all training labels are the same"),
        ({"test": np.zeros((6, 4))}, "4 dimensions"),
    ],
)
def test_bad_input_is_one_clear_line(change: dict[str, object], said: str) -> None:
    (train, train_labels), (test, test_labels) = blobs(9, 0), blobs(6, 1)
    arguments = {
        "train": train,
        "train_labels": train_labels,
        "test": test,
        "test_labels": test_labels,
        "seed": 0,
    }
    with pytest.raises(UserError, match=said):
        classify(**arguments | change)
