"""The quantile of t over folds of unequal noise: against Student's, and against draws."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.intervals import t_p_values, t_quantile


@pytest.mark.parametrize("replicates", [2, 3, 10, 500])
@pytest.mark.parametrize("folds", [1, 2, 4, 10])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_equal_folds_have_students_quantile(replicates, folds, confidence):
    expected = stats.t.ppf((1 + confidence) / 2, folds * (replicates - 1))
    found = t_quantile(np.full(folds, 1 / folds), replicates, confidence)
    assert found == pytest.approx(expected, rel=1e-6)
    nearly = np.full(folds, 1 / folds) + 1e-12 * np.arange(folds)  # by the integral
    assert t_p_values(expected, nearly, replicates) == pytest.approx(1 - confidence, rel=1e-6)


@pytest.mark.parametrize("t", [0.0, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("replicates", [2, 3, 10, 100])
def test_p_values_hold_far_out_too(t, replicates):
    nearly = np.array([0.25, 0.25, 0.25 + 1e-13, 0.25 - 1e-13])
    expected = 2 * stats.t.sf(t, 4 * (replicates - 1))
    assert t_p_values(t, nearly, replicates) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("noise", [[1.0, 1.0, 1.0, 16.0], [1.0, 2.0], [1e-9, 1.0, 1.0]])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9999])
def test_the_quantile_is_where_the_p_value_says(noise, confidence):
    shares = np.array(noise) / np.sum(noise)
    quantile = t_quantile(shares, 3, confidence)
    assert t_p_values(quantile, shares, 3) == pytest.approx(1 - confidence, rel=1e-6)


def test_a_fold_without_noise_counts_for_nothing():
    assert t_quantile(np.array([1.0, 0.0, 0.0]), 2) == pytest.approx(
        stats.t.ppf(0.975, 1), rel=1e-6
    )


@pytest.mark.parametrize("replicates", [2, 3, 5])
@pytest.mark.parametrize("noise", [[1, 1, 1, 4], [1, 2, 3, 4], [0.1, 1]])
def test_unequal_folds_are_exceeded_as_often_as_said(noise, replicates):
    draw = np.random.default_rng(replicates)
    values = draw.normal(size=(100_000, replicates, len(noise))) * noise
    t = values.mean((1, 2)) / np.sqrt(values.var(1, ddof=1).mean(1) / replicates / len(noise))
    quantile = t_quantile(np.square(noise) / np.square(noise).sum(), replicates)
    assert np.mean(np.abs(t) > quantile) == pytest.approx(0.05, abs=0.0025)
