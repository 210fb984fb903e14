"""Reconstruction and the evidence bound on numbers given outright."""

import math

import pytest
import torch
from bench_methods.generative.decoder import Decoder
from bench_methods.generative.equalized_linear import EqualizedLinear
from bench_methods.generative.posterior import Posterior
from bench_methods.generative.prior import UnitPrior
from bench_methods.generative.terms import Divergence, EvidenceBound, Reconstruction
from torch import nn

from harness import Outputs


class Constant(nn.Module):
    """Decodes every latent point to the same input, with a gradient."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, latent):
        return torch.full((len(latent), 4), self.value) + 0 * latent.sum()


@pytest.fixture
def outputs():
    """One row: unnormalised (1, -1), its features chosen for log-variances (0, log 4)."""
    linear = torch.tensor([[1.0, -1.0]])
    return Outputs(torch.ones(1, 1), linear, nn.functional.normalize(linear))


@pytest.fixture
def posterior():
    """The posterior of that row: the log-variances are those of its bias."""
    posterior = Posterior(1, 2)
    posterior.log_variance.weight.data.zero_()
    posterior.log_variance.bias.data = torch.tensor([0.0, math.log(4)])
    return posterior


def test_reconstruction_is_the_mean_squared_error(outputs):
    inputs = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    assert Reconstruction(Constant(1.0))(inputs, outputs).item() == pytest.approx(14 / 4)


def test_the_divergence_is_in_nats(outputs, posterior):
    loss = Divergence(posterior, UnitPrior())(torch.zeros(1, 4), outputs)
    assert loss.item() == pytest.approx(1.806852819, rel=1e-6)


def test_the_evidence_bound_is_per_number_of_an_input(outputs, posterior):
    inputs = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    loss = EvidenceBound(posterior, UnitPrior(), Constant(1.0))(inputs, outputs)
    assert loss.item() == pytest.approx((14 / 2 + 1.806852819) / 4, rel=1e-6)


@pytest.mark.parametrize("shape", [(5,), (1, 7, 6), (3, 4, 4)])
def test_a_decoder_gives_inputs_of_any_shape(shape):
    assert Decoder(2, shape)(torch.randn(3, 2)).shape == (3, *shape)


def test_an_equalized_layer_is_an_ordinary_one_with_scaled_weights():
    layer, ordinary = EqualizedLinear(16, 3), nn.Linear(16, 3)
    ordinary.weight.data, ordinary.bias.data = layer.weight.data / 4, layer.bias.data
    inputs = torch.randn(5, 16)
    assert torch.allclose(layer(inputs), ordinary(inputs), atol=1e-6)
