"""The center loss with its softmax."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CenterLoss(nn.Module):
    """Mean over the batch of cross-entropy + weight * |f - c_y|^2 / 2 (Wen et al. 2016, Eq. 5).

    After each batch the centres move: c_j += rate * sum_{y_i = j} (f_i - c_j) / (1 + n_j), n_j the
    samples of class j in the batch (Eq. 4). They begin at the origin.
    """

    centers: Tensor

    def __init__(self, classes: int, size: int, *, weight: float, rate: float) -> None:
        super().__init__()
        self.weight = weight
        self.rate = rate
        self.classifier = nn.Linear(size, classes)
        self.register_buffer("centers", torch.zeros(classes, size))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); moves the centres."""
        offsets = embeddings - self.centers[labels]
        scatter = offsets.square().sum(dim=1).mean() / 2
        self._move(offsets.detach(), labels)
        entropy = nn.functional.cross_entropy(self.classifier(embeddings), labels)
        return entropy + self.weight * scatter

    def _move(self, offsets: Tensor, labels: Tensor) -> None:
        members = nn.functional.one_hot(labels, len(self.centers)).to(offsets.dtype)
        counts = members.sum(dim=0)[:, None]
        self.centers += self.rate * (members.T @ offsets) / (1 + counts)
