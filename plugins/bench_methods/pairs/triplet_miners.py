"""Triplet miners of our own: FaceNet's semi-hard one and distance-weighted sampling."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, pair_masks

Triplets = tuple[Tensor, Tensor, Tensor]


class FaceNetSemihardMiner(nn.Module):
    """One negative for each positive pair, as TensorFlow's `triplet_semihard_loss` picks it.

    The nearest negative that lies farther from the anchor than the positive does; where there is
    none, the farthest negative. pytorch-metric-learning picks one negative an anchor instead.
    """

    @torch.no_grad()
    def forward(self, embeddings: Tensor, labels: Tensor) -> Triplets:
        """Triplets of embeddings, float (B, D), labels, int64 (B,): three int64 (T,)."""
        distance = distances(embeddings)
        positive, negative = pair_masks(labels)
        anchors, positives = (positive & negative.any(dim=1, keepdim=True)).nonzero(as_tuple=True)
        rows, allowed = distance[anchors], negative[anchors]
        beyond = allowed & (rows > distance[anchors, positives][:, None])
        nearest = rows.masked_fill(~beyond, torch.inf).argmin(dim=1)
        farthest = rows.masked_fill(~allowed, -torch.inf).argmax(dim=1)
        return anchors, positives, nearest.where(beyond.any(dim=1), farthest)


class DistanceWeightedMiner(nn.Module):
    """One negative for each positive pair, drawn so that all distances are equally probable.

    The probability is the inverse of the density q(d) = d^(n-2) (1 - d^2/4)^((n-3)/2) of distances
    on the unit sphere in n dimensions, with d at least `cutoff`; negatives at `nonzero_loss_cutoff`
    or beyond are never drawn, and an anchor that has no other is left out. Draws from the global
    generator.
    """

    def __init__(self, cutoff: float, nonzero_loss_cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.nonzero_loss_cutoff = nonzero_loss_cutoff

    def log_weights(self, distance: Tensor, dimension: int) -> Tensor:
        """-log q of distances up to 2, float, any shape, on the unit sphere in `dimension`."""
        near = distance.clamp(self.cutoff, self.nonzero_loss_cutoff)
        return (2 - dimension) * near.log() - (dimension - 3) / 2 * (1 - near**2 / 4).log()

    @torch.no_grad()
    def forward(self, embeddings: Tensor, labels: Tensor) -> Triplets:
        """Triplets of embeddings, float (B, D), labels, int64 (B,): three int64 (T,)."""
        distance = distances(nn.functional.normalize(embeddings, dim=1))
        positive, negative = pair_masks(labels)
        allowed = negative & (distance < self.nonzero_loss_cutoff)
        anchors, positives = (positive & allowed.any(dim=1, keepdim=True)).nonzero(as_tuple=True)
        if len(anchors) == 0:
            return anchors, positives, anchors
        log_weights = self.log_weights(distance, embeddings.shape[1])
        probability = log_weights.masked_fill(~allowed, -torch.inf)[anchors].softmax(dim=1)
        return anchors, positives, torch.multinomial(probability, 1).squeeze(1)
