"""The angular loss: an upper bound on the angle at the negative of each triplet."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import pair_masks


class AngularLoss(nn.Module):
    """log(1 + sum_n exp(4 t (x_a + x_p) . x_n - 2 (1 + t) x_a . x_p)), t = tan^2 of the angle.

    The mean over positive pairs, all vectors normalised here. pytorch-metric-learning's does not
    normalise the negatives: it agrees on unit vectors only.
    """

    def __init__(self, angle: float) -> None:
        super().__init__()
        self.tan_squared = math.tan(math.radians(angle)) ** 2

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), any length, with labels, int64 (B,); 0 if no pairs."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosine = unit @ unit.T
        positive, negative = pair_masks(labels)
        anchors, positives = (positive & negative.any(dim=1, keepdim=True)).nonzero(as_tuple=True)
        if len(anchors) == 0:
            return 0.0 * embeddings.sum()
        own = 2 * (1 + self.tan_squared) * cosine[anchors, positives][:, None]
        logits = 4 * self.tan_squared * (cosine[anchors] + cosine[positives]) - own
        logits = logits.masked_fill(~negative[anchors], -torch.inf)
        return nn.functional.softplus(logits.logsumexp(dim=1)).mean()
