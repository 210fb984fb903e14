"""Paired differences and their t-test, against scipy and hand values."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics import paired_difference, paired_differences, paired_t_test


def test_the_p_value_is_that_of_scipys_paired_t_test() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.normal(0.5, 0.1, (2, 7))
    found = paired_difference(first, second)
    assert found.p_value == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-9)


def test_the_interval_is_that_of_scipys_paired_t_test() -> None:
    draw = np.random.default_rng(1)
    first, second = draw.normal(0.5, 0.1, (2, 7))
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    interval = paired_difference(first, second).interval
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_the_noise_is_the_standard_deviation_of_the_differences() -> None:
    assert paired_difference([1.0, 2.0, 4.0], [0.0, 0.0, 0.0]).noise == pytest.approx(
        math.sqrt(7 / 3)
    )


def test_one_replicate_has_a_difference_and_nothing_more() -> None:
    found = paired_difference([0.5], [0.4])
    assert found.interval.mean == pytest.approx(0.1)
    assert (found.interval.low, found.noise, found.p_value) == (None, None, None)


def test_no_replicate_has_no_difference() -> None:
    found = paired_difference([], [])
    assert (found.interval.mean, found.p_value) == (None, None)


def test_many_pairs_are_tested_at_once() -> None:
    differences = np.random.default_rng(2).normal(0.1, 1, (4, 3, 6))
    expected = stats.ttest_1samp(differences, 0.0, axis=-1).pvalue
    np.testing.assert_allclose(paired_t_test(differences), expected, rtol=1e-9)


def test_a_missing_replicate_is_left_out_of_its_pair_alone() -> None:
    full = np.array([[0.1, 0.2, 0.4, 0.3], [0.1, 0.2, 0.4, 0.3]])
    full[1, 2] = np.nan
    expected = stats.ttest_1samp([0.1, 0.2, 0.3], 0.0).pvalue
    assert paired_t_test(full)[1] == pytest.approx(expected)
    assert paired_t_test(full)[0] == pytest.approx(stats.ttest_1samp(full[0], 0.0).pvalue)


@pytest.mark.parametrize("differences", [[], [0.3], [math.nan, 0.3], [math.nan, math.nan]])
def test_fewer_than_two_replicates_are_no_evidence(differences: list[float]) -> None:
    assert paired_t_test(differences) == 1.0


@pytest.mark.parametrize("n", [2, 3, 10])
def test_equal_differences_give_the_sign_flip_p_value_and_no_certainty(n: int) -> None:
    assert paired_t_test([0.3] * n) == 2.0 ** (1 - n)


def test_differences_of_zero_are_no_evidence() -> None:
    assert paired_t_test([0.0, 0.0, 0.0]) == 1.0


def test_what_differs_by_rounding_alone_does_not_differ() -> None:
    first = np.array([0.1 + 0.2, 0.7, 0.3])
    second = np.array([0.3, 0.7 + 1e-16, 0.1 * 3])
    assert (paired_differences(first, second) == 0.0).all()


def test_small_scores_keep_their_differences() -> None:
    assert paired_differences([2e-15], [1e-15])[0] == pytest.approx(1e-15)


def test_a_difference_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        paired_difference([0.1, math.nan], [0.1, 0.2])
