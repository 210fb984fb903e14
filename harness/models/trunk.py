"""`Trunk`: the part of a backbone that a `BackboneSource` builds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Trunk(nn.Module):
    """Maps standardised inputs to features: float32 (B, C, H, W) or (B, D) to (B, feature_size)."""

    feature_size: int

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        raise NotImplementedError


class JoinedTrunks(Trunk):
    """The trunks of an ensemble side by side: their features joined, member after member."""

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        super().__init__()
        self.members = nn.ModuleList(trunks)
        self.feature_size = sum(trunk.feature_size for trunk in trunks)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return all members' features, float32 (B, sum of their sizes)."""
        return torch.cat([trunk(inputs) for trunk in self.members], dim=1)
