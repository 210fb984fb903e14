"""Classes: hard ones, and alike ones."""

import numpy as np
import pytest

from harness.figures.embedded import (
    alike_together,
    class_correlation,
    class_means,
    class_scores,
    hardest,
    shown_classes,
)


def test_scores_are_means_over_the_queries_of_a_class() -> None:
    found = class_scores(np.array([0.0, 1.0, 0.5]), np.array([0, 0, 2]), 3)
    assert found[[0, 2]].tolist() == [0.5, 0.5]
    assert np.isnan(found[1])


def test_the_hardest_come_first_with_what_they_are_mistaken_for() -> None:
    scores = np.array([0.9, 0.1, np.nan, 0.5])
    found = [np.array([0, 0]), np.array([3, 3, 1, 0]), np.array([0]), np.array([3])]
    hard = hardest(scores, found, count=2)
    assert [(h.label, h.mistaken_for, h.share) for h in hard] == [(1, 3, 0.5), (3, None, 0.0)]


def test_means_are_of_each_class() -> None:
    rows = np.array([[0, 2], [4, 4], [2, 0]], dtype=np.float32)
    assert class_means(rows, np.array([0, 1, 0])).tolist() == [[1, 1], [4, 4]]


def test_correlation_is_pearsons() -> None:
    means = np.random.default_rng(0).normal(size=(5, 9))
    assert class_correlation(means) == pytest.approx(np.corrcoef(means))


def test_a_constant_mean_has_no_correlation_and_no_warning() -> None:
    assert class_correlation(np.array([[1.0, 1.0], [0.0, 1.0]]))[0].tolist() == [0.0, 0.0]


def test_of_many_classes_those_hardest_over_all_methods_are_shown() -> None:
    scores = [np.array([0.9, 0.1, 0.5, np.nan]), np.array([0.1, 0.1, 0.6, np.nan])]
    assert shown_classes(scores, limit=2).tolist() == [0, 1]
    assert shown_classes(scores).tolist() == [0, 1, 2, 3]


def test_alike_classes_stand_together() -> None:
    groups = np.array([0, 1, 0, 1, 0])
    order = alike_together([np.where(groups[:, None] == groups, 1.0, -0.5)])
    assert (np.diff(groups[order]) != 0).sum() == 1
    assert alike_together([np.ones((2, 2))]).tolist() == [0, 1]
