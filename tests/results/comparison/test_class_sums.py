"""Sums by class, from the arrays that runs leave."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.results import load_board
from harness.results.class_sums import stacked_sums
from harness.results.comparison import compare
from harness.results.source import StoreSource
from harness.store import Store

MakeStore = Callable[..., Store]


def test_the_sums_of_the_classes_make_the_recorded_scores(filled_store: MakeStore) -> None:
    with filled_store() as store:
        row = load_board(store).rows[0]
        found = stacked_sums(StoreSource(store), row, [0, 1, 2], "map_at_r")
    assert found is not None
    assert found.sums.shape == (3, 2, 5)
    assert found.classes.tolist() == [10, 11, 12, 13, 14]
    scores = found.sums.sum(axis=2) / found.counts.sum()
    recorded = [[values["map_at_r"] for values in row.fold_values[seed]] for seed in range(3)]
    np.testing.assert_allclose(scores, recorded)


def test_a_metric_that_is_no_mean_over_queries_has_no_sums(filled_store: MakeStore) -> None:
    with filled_store() as store:
        assert stacked_sums(StoreSource(store), load_board(store).rows[0], [0], "ami") is None


def test_runs_without_arrays_have_no_sums(filled_store: MakeStore) -> None:
    with filled_store(arrays=False) as store:
        assert stacked_sums(StoreSource(store), load_board(store).rows[0], [0], "map_at_r") is None


def test_a_comparison_from_a_store_resamples_the_classes(filled_store: MakeStore) -> None:
    with filled_store() as store:
        found = compare(load_board(store), "a", "b", metric="map_at_r", source=store)
    assert found.levels == ("seeds", "folds", "classes")
    assert found.resampled is not None
    assert found.difference.interval.mean is not None
    middle = sum(found.resampled) / 2
    assert middle == pytest.approx(found.difference.interval.mean)


def test_a_comparison_without_arrays_goes_without_the_bootstrap(filled_store: MakeStore) -> None:
    with filled_store(arrays=False) as store:
        found = compare(load_board(store), "a", "b", metric="map_at_r", source=store)
    assert (found.resampled, found.levels) == (None, ())
