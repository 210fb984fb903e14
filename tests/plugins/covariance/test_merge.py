"""The covariance vector: values known by hand, numpy's covariance, and what leaves it as it is."""

import numpy as np
import pytest
import torch
from bench_methods.covariance.merge import covariance

FIRST = torch.tensor([[0.6, 0.8, 0.0]], dtype=torch.float64)
SECOND = torch.tensor([[0.8, 0.0, 0.6]], dtype=torch.float64)


def test_the_vector_of_two_unit_vectors():
    expected = torch.tensor([[0.044444, -0.155556, -0.062222]], dtype=torch.float64)
    torch.testing.assert_close(covariance(FIRST, SECOND), expected, atol=1e-6, rtol=0)


def test_its_sum_is_the_covariance_of_the_coordinates():
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 7, dtype=torch.float64, generator=draw)
    expected = 6 * np.cov(first, second)[0, 1]
    assert covariance(first, second).sum().item() == pytest.approx(expected)


def test_adding_a_constant_to_an_embedding_changes_nothing():
    torch.testing.assert_close(covariance(FIRST + 5.0, SECOND), covariance(FIRST, SECOND))


def test_it_is_symmetric():
    assert torch.equal(covariance(FIRST, SECOND), covariance(SECOND, FIRST))


def test_each_pair_has_its_own_mean():
    both = covariance(torch.cat([FIRST, SECOND]), torch.cat([SECOND, SECOND]))
    torch.testing.assert_close(both[:1], covariance(FIRST, SECOND))
