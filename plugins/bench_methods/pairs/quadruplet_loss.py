"""Losses on quadruplets: Chen's, with one anchor, and Law's, with none."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, masked_mean, pair_masks


class QuadrupletLoss(nn.Module):
    """[g_ij - g_ik + margin_1]+ + [g_ij - g_lk + margin_2]+, the mean over all quadruplets.

    j is of the class of i; k and l are of two further classes; g is the Euclidean distance to the
    given power.
    """

    def __init__(self, margin_1: float, margin_2: float, power: int) -> None:
        super().__init__()
        self.margins = (margin_1, margin_2)
        self.power = power

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), labels, int64 (B,); 0 with fewer than 3 classes."""
        g = distances(embeddings) ** self.power
        positive, negative = pair_masks(labels)
        anchors, positives = positive.nonzero(as_tuple=True)
        own = g[anchors, positives][:, None]
        allowed = negative[anchors]
        # For a triplet (i, j, k), how many samples can be l.
        fourths = (allowed[:, :, None] & negative).sum(dim=1) * allowed
        near = (own - g[anchors] + self.margins[0]).clamp_min(0.0) * fourths
        thirds, others = negative.nonzero(as_tuple=True)
        far = (own - g[thirds, others] + self.margins[1]).clamp_min(0.0)
        far = far.masked_fill(~(allowed[:, thirds] & allowed[:, others]), 0.0)
        return (near.sum() + far.sum()) / fourths.sum().clamp_min(1)


class QwiseLoss(nn.Module):
    """[g_ij - g_kl + margin]+ with squared distances g, the mean over all quadruplets.

    i and j are of one class, k and l of two: any two pairs of the batch, without a common anchor.
    """

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), labels, int64 (B,); 0 if either pairs are missing."""
        g = distances(embeddings) ** 2
        positive, negative = (torch.triu(mask) for mask in pair_masks(labels))
        hinges = (g[positive][:, None] - g[negative] + self.margin).clamp_min(0.0)
        return masked_mean(hinges, torch.ones_like(hinges, dtype=torch.bool))
