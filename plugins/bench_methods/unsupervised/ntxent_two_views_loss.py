"""The NT-Xent loss of two views."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.ntxent_loss import NTXentLoss


class TwoViewNTXentLoss(nn.Module):
    """-mean_i log( e^{s_ii^ / T} / sum_{k != i} e^{s_ik / T} ) over all 2B views i, s cosines.

    Chen et al. 2020, Eq. 1; i^ is the other view of i. It is NT-Xent with each image for a class.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.loss = NTXentLoss(temperature)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of two views, float (B, D) each; a scalar."""
        images = torch.arange(len(first), device=first.device).repeat(2)
        loss: Tensor = self.loss(torch.cat([first, second]), images)
        return loss
