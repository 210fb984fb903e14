"""Paired differences, against scipy and hand values."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics import paired_differences
from harness.statistics.pairs import paired_difference


def test_without_folds_it_is_scipys_paired_t_test() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.normal(0.5, 0.1, (2, 7))
    found, expected = paired_difference(first, second), stats.ttest_rel(first, second)
    ends = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.interval.low, found.interval.high) == pytest.approx((ends.low, ends.high))


def test_the_noise_is_the_standard_deviation_of_the_differences() -> None:
    assert paired_difference([1.0, 2.0, 4.0], [0.0, 0.0, 0.0]).noise == pytest.approx(
        math.sqrt(7 / 3)
    )


def test_one_replicate_has_a_difference_and_nothing_more() -> None:
    found = paired_difference([[0.5, 0.7]], [[0.4, 0.4]])
    assert found.interval.mean == pytest.approx(0.2)
    assert (found.interval.low, found.noise, found.p_value) == (None, None, None)


def test_no_replicate_has_no_difference() -> None:
    found = paired_difference([], [])
    assert (found.interval.mean, found.p_value) == (None, None)


def test_what_differs_by_rounding_alone_does_not_differ() -> None:
    first = np.array([0.1 + 0.2, 0.7, 0.3])
    second = np.array([0.3, 0.7 + 1e-16, 0.1 * 3])
    assert (paired_differences(first, second) == 0.0).all()


def test_small_scores_keep_their_differences() -> None:
    assert paired_differences([2e-15], [1e-15])[0] == pytest.approx(1e-15)


def test_a_difference_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        paired_difference([0.1, math.nan], [0.1, 0.2])
