"""Embedding heads: one linear map, or one for each member of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class JoinedHeads(nn.Module):
    """A linear head for each member: its own features in, its share of the embedding out."""

    def __init__(self, feature_sizes: Sequence[int], embedding_size: int) -> None:
        super().__init__()
        self.sizes = list(feature_sizes)
        share = embedding_size // len(self.sizes)
        self.members = nn.ModuleList([nn.Linear(size, share) for size in self.sizes])

    def forward(self, features: Tensor) -> Tensor:
        """Joined features, float32 (B, sum of sizes), to joined embeddings (B, embedding_size)."""
        shares = torch.split(features, self.sizes, dim=1)
        parts = [head(share) for head, share in zip(self.members, shares, strict=True)]
        return torch.cat(parts, dim=1)
