"""The N-pair loss: each anchor's positive against the positives of all other classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def first_two_of_each_class(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Positions, int64 (N,) each, of the first and second row of each class that has two.

    `labels` is int64, (B,); classes come in ascending order.
    """
    classes, order = labels.sort(stable=True)
    starts = torch.ones_like(classes, dtype=torch.bool)
    starts[1:] = classes[1:] != classes[:-1]
    first = starts.nonzero().squeeze(1)
    first = first[first + 1 < len(labels)]
    first = first[classes[first] == classes[first + 1]]
    return order[first], order[first + 1]


class NPairLoss(nn.Module):
    """Cross-entropy of `scale` times the dot products of N anchors and N positives, and an L2 term.

    The term is l2 / 4 times the sum of the mean squared norms of anchors and of positives, as in
    TensorFlow's `npairs_loss`.
    """

    def __init__(self, l2: float, scale: float = 1.0) -> None:
        super().__init__()
        self.l2 = l2
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), of any length; labels, int64 (B,); 0 if no pairs."""
        first, second = first_two_of_each_class(labels)
        if len(first) == 0:
            return 0.0 * embeddings.sum()
        anchors, positives = embeddings[first], embeddings[second]
        own = torch.arange(len(first), device=labels.device)
        norms = (anchors**2).sum(dim=1).mean() + (positives**2).sum(dim=1).mean()
        logits = self.scale * anchors @ positives.T
        return nn.functional.cross_entropy(logits, own) + self.l2 / 4 * norms
