"""Batches of clusters: the first by its weight, then its neighbours, nearest first."""

from __future__ import annotations

import numpy as np
import pytest

from harness.protocol.model import TrainingRule
from harness.training.batching import batch_stream, draw_cluster_batches

# Clusters 0, 1 and 3 of five samples each; cluster 2 is empty.
ASSIGNMENT = np.repeat([0, 1, 3], 5).astype(np.int64)
NEIGHBOURS = np.array([[2, 3, 1], [0, 3, 2], [0, 1, 3], [1, 0, 2]])
NAN, INFINITE = float("nan"), float("inf")


def draw(
    weights: list[float],
    neighbours: np.ndarray = NEIGHBOURS,
    *,
    steps: int = 20,
    per_class: int = 4,
    stream: np.random.Generator | None = None,
) -> np.ndarray:
    rule = TrainingRule(
        steps=100, steps_per_epoch=10, batch_size=8, samples_per_class=per_class,
        compositions=("clusters",),
    )  # fmt: skip
    return draw_cluster_batches(
        ASSIGNMENT, neighbours, np.array(weights), rule,
        steps=steps, draw=stream or batch_stream(0, "clusters", 0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("neighbours", "clusters"),
    [
        pytest.param([1, 3, 2], [0] * 4 + [1] * 4, id="nearest first"),
        pytest.param([2, 3, 1], [0] * 4 + [3] * 4, id="an empty one is passed over"),
        pytest.param([0, 3, 1], [0] * 4 + [3] * 4, id="itself is passed over"),
    ],
)
def test_a_batch_holds_a_cluster_and_its_neighbours(
    neighbours: list[int], clusters: list[int]
) -> None:
    batches = draw([1, 0, 0, 0], np.array([neighbours] * 4))
    assert ASSIGNMENT[batches].tolist() == [clusters] * 20


def test_the_places_of_missing_neighbours_are_shared_out() -> None:
    batches = draw([0, 1, 0, 0], np.array([[1], [0], [0], [0]]), per_class=2)
    assert ASSIGNMENT[batches].tolist() == [[1] * 4 + [0] * 4] * 20


def test_no_sample_is_twice_in_a_batch_of_large_enough_clusters() -> None:
    assert all(len(set(batch)) == 8 for batch in draw([1, 1, 1, 1]).tolist())


def test_a_cluster_smaller_than_its_share_repeats_its_samples() -> None:
    batches = draw([1, 0, 0, 0], np.empty((4, 0), dtype=np.int64))
    assert set(ASSIGNMENT[batches].ravel().tolist()) == {0}


def test_first_clusters_come_as_often_as_they_weigh() -> None:
    # The empty cluster's weight of 6 counts for nothing.
    first = ASSIGNMENT[draw([1, 0, 6, 3], steps=2000)[:, 0]]
    share = np.bincount(first, minlength=4) / 2000
    assert share == pytest.approx([0.25, 0, 0, 0.75], abs=0.04)


def test_there_are_as_many_batches_as_asked_for() -> None:
    assert draw([1, 1, 1, 1], steps=3).shape == (3, 8)


def test_one_stream_gives_each_epoch_batches_of_its_own() -> None:
    stream = batch_stream(0, "clusters", 0)
    first, second = (draw([1, 1, 1, 1], stream=stream) for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    "weights",
    [[1, -1, 0, 1], [NAN, 1, 0, 1], [1, INFINITE, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]],
    ids=["negative", "nan", "infinite", "all zero", "on the empty one alone"],
)
def test_weights_that_are_no_chances_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="cluster weights must be finite and not negative"):
        draw(weights)


def test_what_an_empty_cluster_weighs_does_not_matter() -> None:
    assert np.array_equal(draw([1, 1, NAN, 1]), draw([1, 1, 0, 1]))
