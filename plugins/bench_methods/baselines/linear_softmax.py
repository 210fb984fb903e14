"""A linear layer and its cross-entropy."""

from __future__ import annotations

from torch import Tensor, nn


class LinearSoftmax(nn.Module):
    """Mean cross-entropy of f W^T + b."""

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(size, classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        return nn.functional.cross_entropy(self.classifier(embeddings), labels)
