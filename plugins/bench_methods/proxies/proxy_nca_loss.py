"""The ProxyNCA loss as published."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class OriginalProxyNCALoss(nn.Module):
    """-log( e^{-s d(f, p_y)} / sum_{z != y} e^{-s d(f, p_z)} ), d squared and of unit vectors.

    Movshovitz-Attias et al. 2017, Eq. 4, with a scale s. With one class alone there is nothing to
    sum over: the loss is then s d(f, p_y).
    """

    def __init__(self, classes: int, embedding_size: int, *, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.proxies = nn.Parameter(torch.randn(classes, embedding_size))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar of either sign."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosines = unit @ nn.functional.normalize(self.proxies, dim=1).T
        logits = self.scale * (2.0 * cosines - 2.0)
        own = nn.functional.one_hot(labels, len(self.proxies)).bool()
        losses = -logits[own]
        if len(self.proxies) > 1:
            losses = losses + logits.masked_fill(own, float("-inf")).logsumexp(dim=1)
        return losses.mean()
