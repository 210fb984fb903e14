"""Neighbourhood components analysis: the probability of a stochastic neighbour of one's class."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, masked_mean, pair_masks


class NCALoss(nn.Module):
    """-log of the share of e^{-scale d^2} that an anchor's positives have, the mean over anchors.

    pytorch-metric-learning's value, but without its loss of the gradient where a share is too
    small for a float.
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there are no pairs."""
        logits = -self.scale * distances(embeddings) ** 2
        positive, negative = pair_masks(labels)
        # The lowest finite number: minus infinity gives NaN gradients in a row without positives.
        lowest = torch.finfo(logits.dtype).min
        own = logits.masked_fill(~positive, lowest).logsumexp(dim=1)
        others = logits.masked_fill(~negative, lowest).logsumexp(dim=1)
        return masked_mean(nn.functional.softplus(others - own), positive.any(dim=1))
