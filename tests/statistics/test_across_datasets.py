"""Several datasets: Demsar's tables, scipy, and the symmetry of the Bayesian answer."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.across_datasets import (
    Posterior,
    average_ranks,
    bayesian_signed_rank,
    critical_difference,
    friedman_p_value,
)


def test_ranks_are_averaged_and_ties_share_theirs() -> None:
    scores = [[0.9, 0.5, 0.7], [0.8, 0.5, 0.9], [0.1, 0.2, 0.3]]
    assert average_ranks(scores).tolist() == pytest.approx([4.5 / 3, 4.5 / 3, 3])


def test_lower_can_be_better() -> None:
    assert average_ranks([[0.9], [0.1]], higher_is_better=False).tolist() == [2, 1]


# Demsar 2006, table 5 (a): q at 0.05 for the Nemenyi test.
@pytest.mark.parametrize(
    ("methods", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_the_critical_difference_has_demsars_quantiles(methods: int, q: float) -> None:
    unit = np.sqrt(methods * (methods + 1) / (6 * 7))
    assert critical_difference(methods, 7) / unit == pytest.approx(q, abs=0.001)


def test_more_datasets_narrow_the_critical_difference() -> None:
    assert critical_difference(5, 20) == pytest.approx(critical_difference(5, 5) / 2)


def test_friedmans_test_is_scipys() -> None:
    scores = np.random.default_rng(0).normal(size=(4, 9))
    assert friedman_p_value(scores) == stats.friedmanchisquare(*scores).pvalue


@pytest.mark.parametrize("shape", [(2, 9), (4, 1)])
def test_too_few_methods_or_datasets_have_no_friedman_test(shape: tuple[int, int]) -> None:
    assert friedman_p_value(np.random.default_rng(0).normal(size=shape)) is None


def test_a_clear_winner_is_practically_certain() -> None:
    found = bayesian_signed_rank([0.1] * 10, rope=0.01, seed=0)
    assert found.first > 0.99


def test_differences_within_the_region_are_practically_equal() -> None:
    found = bayesian_signed_rank([0.001, -0.002, 0.003] * 3, rope=0.01, seed=0)
    assert found == Posterior(first=0.0, equal=1.0, second=0.0)


def test_turning_the_differences_turns_the_answer() -> None:
    differences = np.random.default_rng(1).normal(0.01, 0.02, 8)
    forward = bayesian_signed_rank(differences, rope=0.005, seed=3)
    backward = bayesian_signed_rank(-differences, rope=0.005, seed=3)
    assert forward.first == backward.second
    assert forward.equal == backward.equal


def test_the_probabilities_add_to_one() -> None:
    found = bayesian_signed_rank(np.random.default_rng(2).normal(size=6), rope=0.3, seed=0)
    assert found.first + found.equal + found.second == pytest.approx(1.0)


# What baycomp 1.0.3 gives with 50,000 draws and a region of 0.005 (its left is our first).
BAYCOMP = [
    (
        [0.005257, 0.002679, 0.010404, 0.005049, -0.001357, 0.007616, 0.01704, 0.013471],
        (0.87878, 0.12122, 0.0),
    ),
    (
        [
            -0.003037,
            -0.008654,
            -0.002233,
            0.004413,
            -0.01925,
            0.001812,
            -0.008459,
            -0.003323,
            -0.001443,
        ],
        (0.0, 0.72742, 0.27258),
    ),
    (
        [
            0.000837,
            0.008116,
            0.014425,
            0.002715,
            0.017665,
            -0.002652,
            0.007515,
            0.013035,
            0.00494,
            -0.003435,
        ],
        (0.66766, 0.33234, 0.0),
    ),
    (
        [
            -0.005217,
            -0.000577,
            0.006202,
            -0.006096,
            0.001908,
            0.002408,
            0.009408,
            0.006147,
            0.007554,
            -0.002538,
            0.002704,
        ],
        (0.0199, 0.98, 0.0001),
    ),
]


@pytest.mark.parametrize(("differences", "expected"), BAYCOMP)
def test_the_probabilities_are_those_of_baycomp(
    differences: list[float], expected: tuple[float, float, float]
) -> None:
    found = bayesian_signed_rank(differences, rope=0.005, seed=0, draws=50_000)
    assert (found.first, found.equal, found.second) == pytest.approx(expected, abs=0.01)


# Two differences of one sign, no region: the weights of (prior, 1, 1) draws decide, and the first
# loses only where the pseudo-observation at zero has more than half of all pairs: w0^2 > 1/2.
def test_two_positive_differences_by_the_beta_distribution() -> None:
    found = bayesian_signed_rank([0.1, 0.2], rope=0.0, seed=0, draws=200_000)
    assert found.equal == pytest.approx(stats.beta(0.5, 2).sf(np.sqrt(0.5)), abs=0.003)


def test_the_seed_decides_and_the_global_generator_does_not() -> None:
    differences = np.random.default_rng(3).normal(0.01, 0.05, 6)
    np.random.seed(1)
    first = bayesian_signed_rank(differences, rope=0.01, seed=1)
    np.random.seed(2)
    assert bayesian_signed_rank(differences, rope=0.01, seed=1) == first
    assert bayesian_signed_rank(differences, rope=0.01, seed=2) != first


@pytest.mark.parametrize(
    "wrong", [{"differences": []}, {"differences": [np.nan]}, {"rope": -1.0}, {"prior": 0.0}]
)
def test_what_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="finite differences"):
        bayesian_signed_rank(**({"differences": [0.1], "rope": 0.0, "seed": 0} | wrong))
