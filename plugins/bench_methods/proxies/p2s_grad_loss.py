"""The P2SGrad loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class P2SGradLoss(nn.Module):
    """Mean over batch and classes of (cos(f, w_c) - [c = y])^2.

    The value of pytorch-metric-learning's `P2SGradLoss`, which rescales its weights in place at
    each call and stops with an AssertionError where rounding leaves one of another length than 1;
    here they are normalised on the way, and divided by no length of zero.
    """

    def __init__(self, classes: int, embedding_size: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(nn.functional.normalize(torch.randn(classes, embedding_size)))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosines = unit @ nn.functional.normalize(self.weights, dim=1).T
        targets = nn.functional.one_hot(labels, len(self.weights)).to(cosines.dtype)
        return nn.functional.mse_loss(cosines, targets)
