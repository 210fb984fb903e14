"""All pairs of methods, against one pair at a time."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from harness.statistics import all_pairs, holm


@pytest.fixture
def scores() -> np.ndarray:
    """Five methods of six replicates."""
    draw = np.random.default_rng(0)
    return draw.normal(0.5, 0.02, (5, 6)) + np.arange(5)[:, None] / 50


def test_every_pair_has_the_p_value_of_its_own_test(scores: np.ndarray) -> None:
    found = all_pairs(scores)
    for i, j in combinations(range(5), 2):
        expected = stats.ttest_rel(scores[i], scores[j]).pvalue
        assert found.p_values[i, j] == pytest.approx(expected)


def test_holm_runs_over_each_pair_once(scores: np.ndarray) -> None:
    found = all_pairs(scores)
    upper = np.triu_indices(5, 1)
    np.testing.assert_allclose(found.adjusted[upper], holm(found.p_values[upper]))
    assert found.family == 10


def test_the_tables_are_symmetric_and_the_differences_are_mirrored(scores: np.ndarray) -> None:
    found = all_pairs(scores)
    np.testing.assert_array_equal(found.adjusted, found.adjusted.T)
    np.testing.assert_allclose(found.differences, -found.differences.T)
    np.testing.assert_allclose(found.differences[0, 4], scores[0].mean() - scores[4].mean())


def test_only_common_replicates_are_paired(scores: np.ndarray) -> None:
    scores[0, 0] = scores[1, 5] = np.nan
    found = all_pairs(scores)
    expected = stats.ttest_rel(scores[0, 1:5], scores[1, 1:5]).pvalue
    assert found.replicates[0, 1] == 4
    assert found.p_values[0, 1] == pytest.approx(expected)


def test_methods_without_two_common_replicates_cannot_be_told_apart() -> None:
    found = all_pairs([[0.1, np.nan, 0.11], [np.nan, 0.9, 0.91], [np.nan, 0.9, np.nan]])
    assert not found.apart().any()
    assert np.isnan(found.differences[0, 2])
    assert found.replicates[0, 1] == 1


def test_whoever_is_better_is_higher_and_told_apart() -> None:
    found = all_pairs([[0.9, 0.91, 0.92], [0.1, 0.111, 0.12]])
    assert found.better().tolist() == [[False, True], [False, False]]


def test_one_method_has_no_pairs() -> None:
    found = all_pairs([[0.1, 0.2]])
    assert (found.family, found.adjusted.tolist()) == (0, [[1.0]])
