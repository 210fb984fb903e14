"""The decoder: from a latent point back to an input."""

from __future__ import annotations

import math

from torch import Tensor, nn

from bench_methods.generative.equalized_linear import EqualizedLinear

HIDDEN = 256


class Decoder(nn.Module):
    """One hidden layer of 256 ReLUs, from latent points to standardised inputs of any shape.

    `HIDDEN * (latent + 1) + size * (HIDDEN + 1)` parameters, with `size` the numbers in one input.
    """

    def __init__(self, latent: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            EqualizedLinear(latent, HIDDEN),
            nn.ReLU(),
            EqualizedLinear(HIDDEN, math.prod(shape)),
            nn.Unflatten(1, shape),
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Decode latent points, float (B, latent), to (B, *shape)."""
        decoded: Tensor = self.layers(latent)
        return decoded
