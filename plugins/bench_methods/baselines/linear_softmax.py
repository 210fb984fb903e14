"""A linear layer and its cross-entropy."""

from __future__ import annotations

from torch import Tensor, nn


class LinearSoftmax(nn.Module):
    """Mean cross-entropy of f W^T + b, of the target with a share `smoothing` over all classes."""

    def __init__(self, size: int, classes: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.classifier = nn.Linear(size, classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        logits = self.classifier(embeddings)
        return nn.functional.cross_entropy(logits, labels, label_smoothing=self.smoothing)
