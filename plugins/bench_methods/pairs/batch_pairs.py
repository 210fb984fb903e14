"""The pairs of a batch: which are positive, how far apart they lie, and means over some of them."""

from __future__ import annotations

import torch
from pytorch_metric_learning.distances import LpDistance
from torch import Tensor


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Positive and negative ordered pairs of labels, int64 (B,): two bool (B, B).

    No sample is paired with itself.
    """
    same = labels[:, None] == labels[None, :]
    return same.clone().fill_diagonal_(False), ~same


def distances(embeddings: Tensor) -> Tensor:
    """Euclidean distances of embeddings, float (B, D), to each other: (B, B).

    Where two coincide, the distance is exactly 0 and so is its gradient.
    """
    return torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")


def as_given(power: int = 1) -> LpDistance:
    """The library's Euclidean distance, to a power, of embeddings of the length they have.

    Its own default puts every embedding on the unit sphere first, also where a protocol does not.
    """
    return LpDistance(normalize_embeddings=False, power=power)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of values where mask, of the same shape, is true: a scalar; 0 where it never is."""
    return values.masked_fill(~mask, 0.0).sum() / mask.sum().clamp_min(1)
