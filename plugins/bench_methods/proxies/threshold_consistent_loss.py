"""Smooth-AP with the threshold-consistent margin."""

from __future__ import annotations

from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import masked_mean, pair_masks
from bench_methods.proxies.smooth_ap_loss import SmoothAPLoss


class ThresholdConsistentLoss(nn.Module):
    """Smooth-AP + weight * (mean [m_p - s]+ over positives + mean [s - m_n]+ over negatives).

    Zhang et al. 2024, Eq. 5; each mean is over the pairs that violate, and 0 if none does. The
    second term has the value of pytorch-metric-learning's `ThresholdConsistentMarginLoss`, which
    gives a number without a gradient where none does.
    """

    def __init__(
        self, temperature: float, *, weight: float, pos_margin: float, neg_margin: float
    ) -> None:
        super().__init__()
        self.base = SmoothAPLoss(temperature)
        self.weight = weight
        self.pos_margin = pos_margin
        self.neg_margin = neg_margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosines = unit @ unit.T
        positive, negative = pair_masks(labels)
        low, high = self.pos_margin - cosines, cosines - self.neg_margin
        margins = masked_mean(low, positive & (low >= 0))
        margins = margins + masked_mean(high, negative & (high >= 0))
        loss: Tensor = self.base(embeddings, labels) + self.weight * margins
        return loss
