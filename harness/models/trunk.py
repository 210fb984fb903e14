"""`Trunk`: the part of a backbone that a `BackboneSource` builds."""

from __future__ import annotations

from torch import Tensor, nn


class Trunk(nn.Module):
    """Maps standardised inputs to features: float32 (B, C, H, W) or (B, D) to (B, feature_size)."""

    feature_size: int

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        raise NotImplementedError
