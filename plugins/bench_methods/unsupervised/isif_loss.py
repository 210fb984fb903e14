"""The ISIF loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ISIFLoss(nn.Module):
    """-mean_i [ log P(i, i^) + sum_{j != i, i^} log(1 - P(i, j)) ] over all 2B views i.

    Ye et al. 2019, Eq. 7. P(i, j) = e^{f_i.f_j / T} / sum_{k != i} e^{f_i.f_k / T}, i^ is the
    other view of i, and gradient flows through f_i alone, as in the authors' code. A probability
    within rounding of 1 counts as the number below it.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of two views, float (B, D) each; a scalar."""
        unit = nn.functional.normalize(torch.cat([first, second]), dim=1)
        rows = torch.arange(len(unit), device=unit.device)
        other = rows.roll(len(first))
        logits = unit @ unit.detach().T / self.temperature
        itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
        logs = logits.masked_fill(itself, float("-inf")).log_softmax(dim=1)
        below_one = 1 - torch.finfo(logs.dtype).eps
        apart = torch.log1p(-logs.exp().clamp(max=below_one))
        apart = apart.masked_fill(itself | itself.roll(len(first), dims=1), 0.0)
        return -(logs[rows, other] + apart.sum(dim=1)).mean()
