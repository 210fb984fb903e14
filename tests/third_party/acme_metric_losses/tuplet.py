"""The tuplet margin loss: every positive against all negatives of its anchor at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class TupletMargin(nn.Module):
    """log(1 + sum_n exp(s (cos a_n - cos(a_p - slack)))), the mean over positive pairs.

    Yu and Tao, Deep Metric Learning with Tuplet Margin Loss, ICCV 2019. `slack` in degrees.
    """

    def __init__(self, scale: float, slack: float) -> None:
        super().__init__()
        self.scale = scale
        self.slack = math.radians(slack)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar, of embeddings (B, D), float, and labels (B,), int64."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosine = unit @ unit.T
        same = labels[:, None] == labels[None, :]
        lowest = torch.finfo(cosine.dtype).min
        negatives = (self.scale * cosine).masked_fill(same, lowest).logsumexp(dim=1, keepdim=True)
        # Kept off the ends, where the slope of the arc cosine is infinite.
        angle = cosine.clamp(-1 + 1e-6, 1 - 1e-6).acos()
        losses = nn.functional.softplus(negatives - self.scale * (angle - self.slack).cos())
        positive = same.clone().fill_diagonal_(False)
        return losses.masked_fill(~positive, 0.0).sum() / positive.sum().clamp_min(1)
