"""HAPPIER's Objective."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import masked_mean
from bench_methods.pairs.roadmap import bounded_step
from harness import Batch, Context, Embed, Objective


def hierarchical_ranking(
    cosine: Tensor, relevance: Tensor, *, temperature: float, slope: float, start: float
) -> Tensor:
    """The mean over queries of 1 - H-AP; 0 if no query has anything relevant.

    H-AP = sum_k hrank(k) / rank(k) / sum_k rel(k) over all k but the query. hrank(k) = rel(k) +
    sum of min(rel(k), rel(j)) over j before k, without gradient. rank(k) = 1 + a count of those
    before k: without gradient of those no less relevant, by `bounded_step` of those less so.
    """
    others = ~torch.eye(len(cosine), dtype=torch.bool, device=cosine.device)
    relevance = relevance.where(others, 0.0)
    ahead = cosine[:, None, :] - cosine[:, :, None]  # [q, k, j]: j before k
    counted = others[:, None, :] & others[:, :, None] & others[None]
    before = ((ahead.detach() > 0) & counted).to(cosine.dtype)
    less = relevance[:, None, :] < relevance[:, :, None]
    soft = bounded_step(ahead, temperature=temperature, slope=slope, start=start)
    rank = 1 + before.where(~less, soft.where(counted, 0.0)).sum(dim=2)
    shared = torch.minimum(relevance[:, None, :], relevance[:, :, None])
    gained = relevance + (before * shared).sum(dim=2)
    total = relevance.sum(dim=1)
    precision = (gained / rank).where(relevance > 0, 0.0).sum(dim=1) / total.where(total > 0, 1.0)
    return masked_mean(1 - precision, total > 0)


class HappierObjective(Objective):
    """(1 - w) hierarchical ranking + w normalized softmax over classes."""

    def __init__(
        self, context: Context, *, clustering: float, softmax_temperature: float, **ranking: float
    ) -> None:
        super().__init__()
        self.clustering = clustering
        self.softmax_temperature = softmax_temperature
        self.ranking = ranking
        self.vectors = nn.Parameter(torch.randn(context.classes, context.embedding_size))

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the loss of a batch with graded relevance."""
        relevance = batch.relevance
        if relevance is None:
            raise RuntimeError("happier needs batches with graded relevance")
        unit = nn.functional.normalize(embed(batch.inputs), dim=1)
        ranked = hierarchical_ranking(unit @ unit.T, relevance.to(unit.dtype), **self.ranking)
        logits = unit @ nn.functional.normalize(self.vectors, dim=1).T / self.softmax_temperature
        told = nn.functional.cross_entropy(logits, batch.require_labels())
        return (1 - self.clustering) * ranked + self.clustering * told
