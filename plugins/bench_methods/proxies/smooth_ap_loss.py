"""The Smooth-AP loss, for classes of any size in any order."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SmoothAPLoss(nn.Module):
    """Mean over queries of 1 - AP, a rank being 1 + sum_j sigmoid((s_j - s_i) / T).

    Brown et al. 2020, Eq. 6 and 7. The value of pytorch-metric-learning's `SmoothAPLoss` where a
    batch has as many classes as samples of each: elsewhere 2.9.0 swaps the two numbers and takes
    neighbours of different classes for positives. It also asks for sorted classes of one size.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,), in [0, 1]."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosines = unit @ unit.T
        same = (labels[:, None] == labels[None, :]).to(cosines.dtype)
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        # above[q, i, j]: how surely j stands before i in the ranking of q.
        above = torch.sigmoid((cosines[:, None, :] - cosines[:, :, None]) / self.temperature)
        above = above.masked_fill(itself, 0.0)
        ranks = 1 + above.sum(dim=2)
        positive_ranks = 1 + torch.einsum("qij,qj->qi", above, same)
        precision = (same * positive_ranks / ranks).sum(dim=1) / same.sum(dim=1)
        return 1 - precision.mean()
