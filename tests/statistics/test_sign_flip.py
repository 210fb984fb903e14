"""The sign-flip test, against scipy, full enumeration and hand values."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from harness.statistics.sign_flip import sign_flip_test


def enumerated(differences: list[float]) -> float:
    """Count all sign patterns, one by one, in exact integers."""
    observed = abs(sum(differences))
    patterns = list(product((1, -1), repeat=len(differences)))
    reached = [abs(sum(s * d for s, d in zip(p, differences, strict=True))) for p in patterns]
    return sum(value >= observed for value in reached) / len(patterns)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
def test_the_p_value_counts_every_sign_pattern(n: int) -> None:
    differences = np.random.default_rng(n).integers(-5, 9, n).tolist()
    assert sign_flip_test(differences) == enumerated(differences)


def test_the_p_value_is_that_of_scipys_permutation_test() -> None:
    differences = np.random.default_rng(3).normal(0.5, 1, 9)
    expected = stats.permutation_test(
        (differences,),
        lambda values, axis: values.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert sign_flip_test(differences) == pytest.approx(expected.pvalue, abs=1e-15)


@pytest.mark.parametrize(("n", "least"), [(2, 0.5), (3, 0.25), (6, 1 / 32), (10, 1 / 512)])
def test_the_least_p_value_is_two_over_the_number_of_patterns(n: int, least: float) -> None:
    assert sign_flip_test(np.linspace(0.1, 0.2, n)) == least


def test_sums_that_are_equal_but_for_rounding_count_as_equal() -> None:
    assert sign_flip_test([0.1, 0.2, 0.3]) == sign_flip_test([1, 2, 3])


def test_differences_of_zero_are_no_evidence() -> None:
    assert sign_flip_test([0.0] * 5) == 1.0


def test_no_difference_has_no_p_value() -> None:
    assert sign_flip_test([]) is None


def test_a_difference_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        sign_flip_test([0.1, np.inf])


def test_twenty_replicates_are_still_exact() -> None:
    assert sign_flip_test(np.ones(20)) == 2.0**-19


def test_more_than_twenty_are_sampled_near_the_exact_value() -> None:
    differences = np.random.default_rng(4).normal(0.25, 1, 21)
    exact = np.mean(np.abs(all_sums(differences)) >= abs(differences.sum()) - 1e-9)
    assert sign_flip_test(differences, draws=200_000) == pytest.approx(exact, abs=0.003)


def all_sums(differences: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in differences:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def test_a_sampled_p_value_is_never_zero() -> None:
    assert sign_flip_test(np.ones(40), draws=999) == 1 / 1000


def test_the_seed_decides_and_the_global_generator_does_not() -> None:
    differences = np.random.default_rng(5).normal(0.1, 1, 30)
    np.random.seed(1)
    first = sign_flip_test(differences, draws=5000, seed=7)
    np.random.seed(2)
    assert sign_flip_test(differences, draws=5000, seed=7) == first
    assert sign_flip_test(differences, draws=5000, seed=8) != first
