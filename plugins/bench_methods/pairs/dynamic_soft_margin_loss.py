"""The dynamic soft margin: each triplet weighted by how hard it is among those seen so far."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, pair_masks

LOWEST = -2.0  # of a difference of two distances between unit vectors; the highest is 2


class DynamicSoftMarginLoss(nn.Module):
    """The mean over triplets of CDF(d_ap - d_an) (d_ap - d_an), on normalised embeddings.

    The distribution function is that of a histogram, a moving average over batches, through which
    no gradient flows. In pytorch-metric-learning's, each batch outweighs the average by its number
    of triplets, a gradient does flow into earlier batches, and differences near 2 are an error.
    """

    def __init__(self, bins: int, momentum: float) -> None:
        super().__init__()
        self.bins = bins
        self.momentum = momentum
        self.histogram: Tensor
        self.register_buffer("histogram", torch.zeros(bins + 1))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if no triplets."""
        distance = distances(nn.functional.normalize(embeddings, dim=1))
        positive, negative = pair_masks(labels)
        triplets = positive[:, :, None] & negative[:, None, :]
        differences = (distance[:, :, None] - distance[:, None, :])[triplets]
        if len(differences) == 0:
            return 0.0 * embeddings.sum()
        lower, share = self._place(differences.detach())
        self._remember(lower, share)
        return (self.histogram.cumsum(dim=0)[lower] * differences).mean()

    def _place(self, differences: Tensor) -> tuple[Tensor, Tensor]:
        place = (differences - LOWEST) * self.bins / (-2 * LOWEST)
        lower = place.long().clamp(0, self.bins - 1)
        return lower, place - lower

    def _remember(self, lower: Tensor, share: Tensor) -> None:
        seen = torch.zeros_like(self.histogram)
        weights = share.to(seen.dtype) / len(share)
        seen.scatter_add_(0, lower, 1 / len(share) - weights)
        seen.scatter_add_(0, lower + 1, weights)
        momentum = self.momentum if self.histogram.any() else 1.0
        self.histogram.lerp_(seen, momentum)
