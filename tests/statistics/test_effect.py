"""Probability of improvement and effect size, against scipy and hand values."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics.effect import effect_size, probability_of_improvement


def test_the_probability_is_the_mann_whitney_statistic_over_all_pairs() -> None:
    first, second = np.random.default_rng(0).normal([[0.3], [0.0]], 1, (2, 8))
    expected = stats.mannwhitneyu(first, second).statistic / 64
    assert probability_of_improvement(first, second) == pytest.approx(expected)


def test_ties_count_half() -> None:
    assert probability_of_improvement([1.0, 2.0], [1.0, 3.0]) == pytest.approx(1.5 / 4)


def test_nothing_to_compare_has_no_probability() -> None:
    assert probability_of_improvement([], [1.0]) is None


def test_the_effect_of_three_differences_by_hand() -> None:
    # J(2) = Gamma(1) / (sqrt(1) Gamma(1/2)) = 1 / sqrt(pi); mean / s = 2 / 1
    assert effect_size([1.0, 2.0, 3.0]) == pytest.approx(2 / math.sqrt(math.pi))


def test_the_correction_is_hedges_approximation_for_many() -> None:
    differences = np.random.default_rng(1).normal(1, 1, 50)
    raw = differences.mean() / differences.std(ddof=1)
    assert effect_size(differences) == pytest.approx(raw * (1 - 3 / (4 * 49 - 1)), rel=1e-4)


def test_the_effect_is_unbiased() -> None:
    draws = np.random.default_rng(2).normal(0.8, 1, (20_000, 4))
    assert np.mean([effect_size(row) for row in draws]) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.2], [0.1, 0.1, 0.1], [0.0] * 4])
def test_what_has_no_known_spread_has_no_effect_size(differences: list[float]) -> None:
    assert effect_size(differences) is None
