"""Priors p(z): the unit normal, and a mixture on the vertices of a hypercube."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from bench_methods.generative.densities import log_density
from harness import View


class Prior(nn.Module):
    """A distribution over latent points, and how far posteriors are from it."""

    def prepare(self, view: View) -> None:
        """Called once before training."""

    def companions(self) -> Tensor | None:
        """Inputs to be embedded with each batch, float (K, *input_shape), or None."""
        return None

    def divergence(self, posterior: Normal, sample: Tensor, companions: Normal) -> Tensor:
        """KL divergence of posteriors from the prior in nats, float (B,).

        `sample`: a point of each posterior, float (B, d). `companions`: posteriors of the
        companions. Estimated by that one sample unless the prior has a closed form: then a single
        value may be negative; their mean tends to the divergence.
        """
        return log_density(sample, posterior) - self.log_density(sample, companions)

    def log_density(self, sample: Tensor, companions: Normal) -> Tensor:
        """Log p(z), float (B,), of latent points, float (B, d)."""
        raise NotImplementedError


class UnitPrior(Prior):
    """N(0, I), with the divergence in closed form."""

    def divergence(self, posterior: Normal, sample: Tensor, companions: Normal) -> Tensor:  # noqa: ARG002
        """KL divergence in closed form, float (B,)."""
        unit = Normal(torch.zeros_like(posterior.loc), 1.0, validate_args=False)
        return kl_divergence(posterior, unit).sum(dim=1)


class HypercubePrior(Prior):
    """Equal parts of N(v, s^2 I) at all 2^d vertices v of the hypercube [-1, 1]^d.

    The mixture is never enumerated: with equal weights and independent coordinates it is the
    product over coordinates of (N(z; -1, s^2) + N(z; 1, s^2)) / 2.
    """

    def __init__(self, log_variance: float) -> None:
        super().__init__()
        self.scale = math.exp(log_variance / 2)

    def log_density(self, sample: Tensor, companions: Normal) -> Tensor:  # noqa: ARG002
        """Log p(z), float (B,), of latent points, float (B, d)."""
        side = Normal(sample.new_tensor(1.0), self.scale, validate_args=False)
        near, far = (log_density(z[:, :, None], side) for z in (sample, -sample))
        return (torch.logaddexp(near, far) - math.log(2)).sum(dim=1)
