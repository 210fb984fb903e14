"""The lifted structure loss and its generalisation, row by row of the distance matrix."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, masked_mean, pair_masks


class LiftedStructureLoss(nn.Module):
    """[log(sum_ik e^{margin - d_ik} + sum_jl e^{margin - d_jl}) + d_ij]+^2 / 2.

    k and l are negatives of i and j, d distances times `scale`; the mean over positive pairs. The
    value of pytorch-metric-learning's, which lays out every positive pair against every negative.
    """

    def __init__(self, margin: float, scale: float = 1.0) -> None:
        super().__init__()
        self.margin = margin
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there are no pairs."""
        distance = self.scale * distances(embeddings)
        positive, negative = pair_masks(labels)
        positive = positive & negative.any(dim=1, keepdim=True)
        # The lowest finite number: minus infinity gives NaN gradients in a row without negatives.
        lowest = torch.finfo(distance.dtype).min
        near = (self.margin - distance).masked_fill(~negative, lowest).logsumexp(dim=1)
        both = torch.logaddexp(near[:, None], near)
        return masked_mean((both + distance).clamp_min(0.0) ** 2 / 2, positive)


class GeneralizedLiftedStructureLoss(nn.Module):
    """[log sum_p e^{d_ap} + log sum_n e^{margin - d_an}]+, the mean over anchors that have both.

    Hermans et al. 2017, Eq. 4, d distances times `scale`. pytorch-metric-learning's counts anchors
    without a positive or a negative in its mean.
    """

    def __init__(self, margin: float, scale: float = 1.0) -> None:
        super().__init__()
        self.margin = margin
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there are no pairs."""
        distance = self.scale * distances(embeddings)
        positive, negative = pair_masks(labels)
        lowest = torch.finfo(distance.dtype).min
        far = distance.masked_fill(~positive, lowest).logsumexp(dim=1)
        near = (self.margin - distance).masked_fill(~negative, lowest).logsumexp(dim=1)
        return masked_mean((far + near).clamp_min(0.0), positive.any(dim=1) & negative.any(dim=1))
