"""The tuplet margin loss, computed row by row of the similarity matrix."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

SHORT_OF_ONE = 1 - 1e-6  # the slope of the arc cosine is infinite at 1


class TupletMarginLoss(nn.Module):
    """log(1 + sum_n e^{scale (cos t_an - cos(t_ap - margin))}), the mean over positive pairs.

    The value of pytorch-metric-learning's `TupletMarginLoss`, which lays out every positive pair
    against every negative pair, and whose gradient is NaN where a positive pair coincides.
    """

    def __init__(self, margin: float, scale: float) -> None:
        super().__init__()
        self.margin = math.radians(margin)
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there are no pairs."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosine = unit @ unit.T
        positive, negative = pair_masks(labels)
        # The lowest finite number: minus infinity gives NaN gradients in a row without negatives.
        lowest = torch.finfo(cosine.dtype).min
        others = (self.scale * cosine).masked_fill(~negative, lowest).logsumexp(1, keepdim=True)
        angle = cosine.clamp(-SHORT_OF_ONE, SHORT_OF_ONE).acos()
        own = self.scale * torch.cos(angle - self.margin)
        return masked_mean(nn.functional.softplus(others - own), positive)
