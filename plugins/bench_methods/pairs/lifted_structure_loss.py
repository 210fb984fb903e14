"""The lifted structure loss, computed row by row of the distance matrix."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, masked_mean, pair_masks


class LiftedStructureLoss(nn.Module):
    """[log(sum_ik e^{margin - d_ik} + sum_jl e^{margin - d_jl}) + d_ij]+^2 / 2.

    k and l are negatives of i and j; the mean over positive pairs. The value of
    pytorch-metric-learning's, which lays out every positive pair against every negative pair.
    """

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there are no pairs."""
        distance = distances(embeddings)
        positive, negative = pair_masks(labels)
        positive = positive & negative.any(dim=1, keepdim=True)
        # The lowest finite number: minus infinity gives NaN gradients in a row without negatives.
        lowest = torch.finfo(distance.dtype).min
        near = (self.margin - distance).masked_fill(~negative, lowest).logsumexp(dim=1)
        both = torch.logaddexp(near[:, None], near)
        return masked_mean((both + distance).clamp_min(0.0) ** 2 / 2, positive)
