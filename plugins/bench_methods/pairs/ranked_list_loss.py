"""The ranked list loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, pair_masks


class RankedListLoss(nn.Module):
    """(1 - b) mean_p [d - (alpha - margin)]+ + b sum_n w [alpha - d]+, the mean over anchors.

    Wang et al. 2019: the means are over what violates; the weights of negatives, a softmax of
    temperature x (alpha - d), take no part in the gradient (Eq. 7 and 8). Distances are those of
    normalised embeddings, as published. In pytorch-metric-learning's the weights have a gradient,
    and a temperature above 5, such as the paper's 10, is warned of.
    """

    def __init__(self, margin: float, alpha: float, temperature: float, imbalance: float) -> None:
        super().__init__()
        self.margin = margin
        self.alpha = alpha
        self.temperature = temperature
        self.imbalance = imbalance

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if all is kept."""
        distance = distances(nn.functional.normalize(embeddings, dim=1))
        positive, negative = pair_masks(labels)
        outside = (distance - (self.alpha - self.margin)).where(positive, 0.0).clamp_min(0.0)
        pulled = outside.sum(dim=1) / (outside > 0).sum(dim=1).clamp_min(1)
        inside = (self.alpha - distance).where(negative, 0.0).clamp_min(0.0)
        raised = (self.temperature * inside.detach()).masked_fill(inside <= 0, -torch.inf)
        weights = raised.softmax(dim=1).nan_to_num()
        pushed = (weights * inside).sum(dim=1)
        return ((1 - self.imbalance) * pulled + self.imbalance * pushed).mean()
