"""Neighbours in a stored embedding."""

import numpy as np
import pytest

from harness.figures.embedded import asked_samples, even_queries, nearest, precision_at

LINE = np.array([[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.0, 0.2]], dtype=np.float32)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_the_nearest_come_first_and_none_is_the_query(distance: str) -> None:
    found = nearest(LINE, np.arange(4), distance=distance)
    assert found[:, 0].tolist() == [1, 0, 3, 2]
    assert found.shape == (4, 3)


def test_cosine_is_of_directions_and_not_of_lengths() -> None:
    rows = np.array([[1, 0], [100, 1], [1, 0.5]], dtype=np.float32)
    assert nearest(rows, np.array([0]), distance="cosine")[0, 0] == 1
    assert nearest(rows, np.array([0]), distance="euclidean")[0, 0] == 2


def test_a_collapsed_embedding_still_gives_each_query_others() -> None:
    found = nearest(np.ones((40, 3), dtype=np.float32), np.arange(40), depth=5)
    assert found.shape == (40, 5)
    assert not (found == np.arange(40)[:, None]).any()


def test_neighbours_agree_with_a_sort_of_all_distances() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    squared = ((rows[:, None] - rows[None]) ** 2).sum(-1)
    np.fill_diagonal(squared, np.inf)
    expected = np.argsort(squared, axis=1)[:, :7]
    assert (nearest(rows, np.arange(60), distance="euclidean", depth=7) == expected).all()


def test_precision_is_the_share_of_right_ones_among_k() -> None:
    neighbours = np.array([[1, 2, 3], [0, 2, 3], [3, 0, 1], [0, 2, 1]])
    found = precision_at(neighbours, np.arange(4), np.array([0, 0, 1, 1]), [1, 2, 3])
    assert found == pytest.approx([3 / 4, 4 / 8, 4 / 12])


def test_who_is_alone_in_its_class_is_no_query() -> None:
    neighbours = np.array([[1, 2], [0, 2], [0, 1]])
    assert precision_at(neighbours, np.arange(3), np.array([0, 0, 1]), [1]) == [1.0]
    assert precision_at(neighbours, np.arange(3), np.arange(3), [1]) == []


def test_queries_are_spread_over_the_classes() -> None:
    labels = np.repeat(np.arange(100), 4)
    queries = even_queries(labels, 5)
    assert labels[queries].tolist() == [0, 25, 50, 74, 99]
    assert len(even_queries(np.array([0, 0, 1]), 8)) == 2


def test_of_very_many_samples_some_are_asked_and_the_queries_with_them() -> None:
    asked = asked_samples(np.zeros(9000, dtype=np.int64), [1, 7], limit=100)
    assert {1, 7} <= set(asked.tolist())
    assert len(asked) <= 102
    assert (np.diff(asked) > 0).all()
