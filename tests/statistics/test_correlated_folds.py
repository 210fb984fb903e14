"""Nadeau and Bengio's corrected t-test, against hand values."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics.correlated_folds import corrected_fold_test


def test_four_folds_by_hand() -> None:
    # mean 0.025, s^2 = 0.0005 / 3, 1/4 + 1/3 = 7/12: t = 0.025 / sqrt(7/12 * 0.0005/3) = 2.5355
    t = 0.025 / math.sqrt(7 / 12 * 0.0005 / 3)
    expected = 2 * stats.t.sf(t, 3)
    assert corrected_fold_test([[0.01, 0.02, 0.03, 0.04]]) == pytest.approx(expected)


def test_without_the_correction_it_is_the_usual_t_test() -> None:
    differences = np.random.default_rng(0).normal(0.3, 1, (1, 6))
    expected = stats.ttest_1samp(differences[0], 0.0).pvalue
    assert corrected_fold_test(differences, left_out_to_trained=0.0) == pytest.approx(expected)


def test_the_correction_makes_the_test_more_careful() -> None:
    differences = np.random.default_rng(1).normal(0.5, 1, (1, 6))
    corrected = corrected_fold_test(differences)
    usual = corrected_fold_test(differences, left_out_to_trained=0.0)
    assert corrected is not None
    assert usual is not None
    assert corrected > usual


def test_replicates_of_a_fold_are_averaged_and_are_no_further_folds() -> None:
    one = np.random.default_rng(2).normal(0.5, 1, (1, 4))
    assert corrected_fold_test(np.repeat(one, 9, axis=0)) == pytest.approx(corrected_fold_test(one))


def test_one_fold_cannot_be_tested() -> None:
    assert corrected_fold_test([[0.1], [0.2]]) is None


def test_no_replicate_cannot_be_tested() -> None:
    assert corrected_fold_test(np.zeros((0, 4))) is None


def test_equal_folds_are_no_certainty() -> None:
    assert corrected_fold_test([[0.5] * 4]) == 0.125
    assert corrected_fold_test([[0.0] * 4]) == 1.0
