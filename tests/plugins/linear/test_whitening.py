"""Whitening by principal components."""

import numpy as np
import pytest
from bench_methods.linear.whitening import Whitening


@pytest.fixture
def features():
    """200 points whose axes differ a thousandfold, away from the origin: float64 (200, 4)."""
    draw = np.random.default_rng(0)
    return draw.normal(size=(200, 4)) * [10, 1, 0.1, 0.01] @ np.linalg.qr(draw.normal(size=(4, 4)))[
        0
    ] + [3, -2, 5, 1]


def test_whitened_features_are_uncorrelated_and_of_unit_variance(features):
    whitened = Whitening.of(features, 4)(features)
    assert np.allclose(whitened.mean(axis=0), 0)
    assert np.allclose(np.cov(whitened.T), np.eye(4))


def test_the_widest_axes_are_kept(features):
    two, four = Whitening.of(features, 2), Whitening.of(features, 4)
    assert np.array_equal(two.matrix, four.matrix[:2])
    spread = 1 / np.linalg.norm(four.matrix, axis=1)
    assert np.all(np.diff(spread) < 0)


def test_axes_that_are_only_rounding_are_left_out(features):
    doubled = np.concatenate([features, features[:, :1] + 1e-7], axis=1)
    assert Whitening.of(doubled, 5).matrix.shape == (4, 5)


def test_features_that_do_not_vary_are_an_error():
    with pytest.raises(ValueError, match="do not vary"):
        Whitening.of(np.ones((5, 3)), 3)
