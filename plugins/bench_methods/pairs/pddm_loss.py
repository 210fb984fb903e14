"""PDDM: a learned similarity of two embeddings, trained on the hardest quadruplets of a batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from bench_methods.pairs.batch_pairs import pair_masks


class PDDMUnit(nn.Module):
    """Similarity of two embeddings from their absolute difference and their mean.

    The last layer has no bias: it would cancel in every comparison of two similarities.
    """

    def __init__(self, size: int, width: int, merged: int) -> None:
        super().__init__()
        self.difference = nn.Linear(size, width)
        self.mean = nn.Linear(size, width)
        self.merge = nn.Linear(2 * width, merged)
        self.score = nn.Linear(merged, 1, bias=False)

    def merged(self, first: Tensor, second: Tensor) -> Tensor:
        """What the score is read from, float (..., merged), of embeddings, float (..., size)."""
        difference = relu(self.difference(normalize((first - second).abs(), dim=-1)))
        mean = relu(self.mean(normalize((first + second) / 2, dim=-1)))
        joined = torch.cat([normalize(difference, dim=-1), normalize(mean, dim=-1)], dim=-1)
        return relu(self.merge(joined))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Similarity, float (...), of embeddings, float (..., size)."""
        score: Tensor = self.score(self.merged(first, second))
        return score.squeeze(-1)


class PDDMLoss(nn.Module):
    """Hinges on the similarities and, at a weight, the distances of hard quadruplets (i, j, k, l).

    j is the positive of i that the unit finds least similar to it, k and l are the negatives of i
    and of j that it finds most similar to them. `anchors` says which i: `all` that have a positive
    and a negative, or as in the paper the `worst`, with the least similar positive in the batch.
    """

    def __init__(
        self, unit: PDDMUnit, *, alpha: float, beta: float, distance_weight: float, anchors: str
    ) -> None:
        super().__init__()
        self.unit = unit
        self.alpha = alpha
        self.beta = beta
        self.distance_weight = distance_weight
        self.anchors = anchors

    @torch.no_grad()
    def quadruplets(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Rows (i, j, k, l) of embeddings, float (B, D), with labels, int64 (B,): int64 (4, Q)."""
        positive, negative = pair_masks(labels)
        similarity = self.unit(embeddings[:, None], embeddings)
        least, worst = similarity.masked_fill(~positive, torch.inf).min(dim=1)
        nearest = similarity.masked_fill(~negative, -torch.inf).argmax(dim=1)
        rows = (positive.any(dim=1) & negative.any(dim=1)).nonzero().squeeze(1)
        if self.anchors == "worst" and len(rows) > 0:
            rows = rows[least[rows].argmin()].unsqueeze(0)
        return torch.stack([rows, worst[rows], nearest[rows], nearest[worst[rows]]])

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), labels, int64 (B,); 0 if either pairs are missing."""
        chosen = self.quadruplets(embeddings, labels)
        if chosen.shape[1] == 0:
            return 0.0 * embeddings.sum()
        first, second = embeddings[chosen[[0, 0, 1]]], embeddings[chosen[[1, 2, 3]]]
        similarity = self.unit(first, second)
        distance = torch.linalg.vector_norm(first - second, dim=-1)
        by_unit = relu(similarity[1:] - similarity[0] + self.alpha)
        by_distance = relu(distance[0] - distance[1:] + self.beta)
        return (by_unit + self.distance_weight * by_distance).sum(dim=0).mean()
