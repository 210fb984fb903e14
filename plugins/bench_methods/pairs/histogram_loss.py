"""The histogram loss: the probability that a negative pair is more similar than a positive one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import pair_masks


def soft_histogram(cosines: Tensor, bins: int) -> Tensor:
    """Shares, float (bins + 1,), of cosines, float (N,), at equal steps from -1 to 1.

    Each cosine is shared between its two neighbouring nodes in proportion to its nearness.
    """
    nodes = torch.linspace(-1.0, 1.0, bins + 1, dtype=cosines.dtype, device=cosines.device)
    shares = (1 - (cosines[:, None] - nodes).abs() * bins / 2).clamp_min(0.0)
    return shares.mean(dim=0)


class HistogramLoss(nn.Module):
    """sum_r h-_r sum_{q <= r} h+_q over unordered pairs, without a hyperparameter but the bins.

    pytorch-metric-learning's raises an error where two embeddings coincide.
    """

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.bins = bins

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), labels, int64 (B,); 0 if either pairs are missing."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosine = (unit @ unit.T).clamp(-1.0, 1.0)
        positive, negative = (torch.triu(mask) for mask in pair_masks(labels))
        if not positive.any() or not negative.any():
            return 0.0 * embeddings.sum()
        reached = soft_histogram(cosine[positive], self.bins).cumsum(dim=0)
        return (soft_histogram(cosine[negative], self.bins) * reached).sum()
