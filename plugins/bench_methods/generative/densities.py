"""Log densities of diagonal normal distributions and of their mixtures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Normal


def log_density(points: Tensor, normal: Normal) -> Tensor:
    """Log density summed over the last dimension, the coordinates: float (..., d) to (...)."""
    coordinates: Tensor = normal.log_prob(points)  # type: ignore[no-untyped-call]
    return coordinates.sum(dim=-1)


def mixture_log_density(points: Tensor, components: Normal, log_weights: Tensor) -> Tensor:
    """Log density of points, float (B, d), under K weighted components: float (B,).

    `components`: means and standard deviations, float (K, d). `log_weights`: float (K,).
    """
    return torch.logsumexp(log_density(points[:, None], components) + log_weights, dim=1)
