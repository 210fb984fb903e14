"""Losses on a batch of given pairs: rows 2i and 2i + 1 are one pair."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.contrastive_squared_loss import squared_contrastive


def same_class(labels: Tensor) -> Tensor:
    """Which pairs are of one class, of labels, int64 (B,): bool (B / 2,)."""
    return labels[0::2] == labels[1::2]


class SiameseLoss(nn.Module):
    """The squared contrastive loss of the Euclidean distance of each pair."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); B is even."""
        merged = torch.linalg.vector_norm(embeddings[0::2] - embeddings[1::2], dim=1)
        return squared_contrastive(merged, same_class(labels), self.margin).mean()


class SiameseVectorLoss(nn.Module):
    """|z - z'| coordinate by coordinate, batch norm, one sigmoid unit; binary cross-entropy."""

    def __init__(self, embedding_size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(embedding_size)
        self.dense = nn.Linear(embedding_size, 1)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); B is even, at least 4."""
        merged = (embeddings[0::2] - embeddings[1::2]).abs()
        logits = self.dense(self.norm(merged)).squeeze(1)
        target = same_class(labels).to(logits.dtype)
        return nn.functional.binary_cross_entropy_with_logits(logits, target)
