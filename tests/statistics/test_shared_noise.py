"""How much pairs may learn of their noise from each other."""

import numpy as np
import pytest
from scipy.special import polygamma

from harness.statistics import SharedNoise, inverse_trigamma, shared_noise


@pytest.mark.parametrize("y", [1e-4, 0.1, 0.5, 1.0, 7.0, 1e4])
def test_the_inverse_of_trigamma_is_one(y: float) -> None:
    assert inverse_trigamma(float(polygamma(1, y))) == pytest.approx(y, rel=1e-4)


def pairs_of(noise: np.ndarray, degrees: float, seed: int = 0) -> SharedNoise | None:
    """Pairs of methods whose own variances are `noise`, each estimated with `degrees`."""
    first, second = np.triu_indices(len(noise), 1)
    draw = np.random.default_rng(seed)
    true = noise[first] + noise[second]
    found = true * draw.chisquare(degrees, len(first)) / degrees
    return shared_noise(found, np.full(len(first), degrees), first, second)


def test_equal_noise_is_shared_and_unequal_is_not() -> None:
    equal = pairs_of(np.ones(40), 4.0)
    unequal = pairs_of(np.geomspace(0.01, 100, 40), 4.0)
    assert equal is not None
    assert unequal is not None
    assert equal.degrees > 20
    assert unequal.degrees < 3
    assert equal.variance == pytest.approx(2.0, rel=0.1)


def test_one_noisy_method_makes_the_rest_careful() -> None:
    usual, noisy = np.ones(15), np.ones(15)
    noisy[0] = 25.0
    assert (pairs_of(noisy, 4.0) or SharedNoise(variance=1, degrees=99)).degrees < (
        0.5 * (pairs_of(usual, 4.0) or SharedNoise(variance=1, degrees=0)).degrees
    )


def test_a_pair_counts_for_at_most_four_medians_in_the_common_variance() -> None:
    first, second = np.triu_indices(5, 1)
    found = shared_noise(np.array([1.0] * 9 + [100.0]), np.full(10, 4.0), first, second)
    assert found is not None
    assert found.variance == pytest.approx(1.3)


def test_each_pair_is_drawn_towards_the_common_variance_by_its_degrees() -> None:
    shared = SharedNoise(variance=2.0, degrees=6.0)
    np.testing.assert_allclose(
        shared.variances(np.array([1.0, 4.0]), np.array([2.0, 2.0])), [14 / 8, 20 / 8]
    )


def test_pairs_without_variance_are_not_counted() -> None:
    first, second = np.triu_indices(13, 1)
    variances = np.random.default_rng(0).chisquare(4, len(first)) / 4
    variances[first == 0] = 0.0
    kept = first > 0
    four = np.full(len(first), 4.0)
    assert shared_noise(variances, four, first, second) == shared_noise(
        variances[kept], four[kept], first[kept], second[kept]
    )
    assert shared_noise(np.zeros(len(first)), four, first, second) is None
