"""The NT-Xent loss of two views."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TwoViewNTXentLoss(nn.Module):
    """-mean_i log( e^{s_ii^ / T} / sum_{k != i} e^{s_ik / T} ) over all 2B views i, s cosines.

    Chen et al. 2020, Eq. 1; i^ is the other view of i.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of two views, float (B, D) each; a scalar."""
        unit = nn.functional.normalize(torch.cat([first, second]), dim=1)
        other = torch.arange(len(unit), device=unit.device).roll(len(first))
        itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
        logits = (unit @ unit.T / self.temperature).masked_fill(itself, float("-inf"))
        return nn.functional.cross_entropy(logits, other)
