"""One loss plus another at a weight."""

from __future__ import annotations

from torch import Tensor, nn


class WeightedSum(nn.Module):
    """`first` + `weight` x `second`, both on the same embeddings and labels."""

    def __init__(self, first: nn.Module, second: nn.Module, weight: float) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.weight = weight

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,)."""
        first: Tensor = self.first(embeddings, labels)
        second: Tensor = self.second(embeddings, labels)
        return first + self.weight * second
