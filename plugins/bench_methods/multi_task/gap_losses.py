"""Losses on how far apart the values of samples are: equal labels are the case of gaps 0 and 1."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.multi_task.tasks import SAME, Task
from bench_methods.pairs.batch_pairs import distances, masked_mean

MOST_RUNGS = 8


def gap_triplet(distance: Tensor, gaps: Tensor, margin: float, *, violated: bool) -> Tensor:
    """The triplet loss on every triplet whose second sample is nearer in value than its third.

    [d(a, p) - d(a, n) + margin * (gap(a, n) - gap(a, p))]+, the mean over the violated ones, or
    over all; 0 without any. `distance`, `gaps`: float (B, B). The margin in proportion to the
    difference of the gaps keeps an order of values; with gaps 0 and 1 it is the usual one.
    """
    others = ~torch.eye(len(gaps), dtype=torch.bool, device=gaps.device)
    wider = gaps[:, None, :] - gaps[:, :, None]  # [a, p, n]
    counts = (wider > SAME) & others[:, :, None] & others[:, None, :]
    hinges = distance[:, :, None] - distance[:, None, :] + margin * wider
    return masked_mean(hinges.clamp_min(0.0), counts & (hinges > 0) if violated else counts)


class GapTriplet(nn.Module):
    """`gap_triplet` of a task on Euclidean distances, over the violated triplets."""

    def __init__(self, task: Task, _width: int, *, margin: float) -> None:
        super().__init__()
        self.task = task
        self.margin = margin

    def forward(self, embeddings: Tensor, codes: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with codes, int64 (B,); a scalar."""
        gaps = self.task.gaps(codes).to(embeddings.dtype)
        return gap_triplet(distances(embeddings), gaps, self.margin, violated=True)


def multi_similarity(
    cosine: Tensor, near: Tensor, far: Tensor, *, alpha: float, beta: float, base: float
) -> Tensor:
    """The multi-similarity loss, the mean over anchors; of none it is 0.

    log(1 + sum over near of exp(-alpha (s - base))) / alpha + log(1 + sum over far of
    exp(beta (s - base))) / beta. `cosine`: float (B, B); `near`, `far`: bool (B, B).
    """
    pulls = (-alpha * (cosine - base)).masked_fill(~near, -torch.inf)
    pushes = (beta * (cosine - base)).masked_fill(~far, -torch.inf)
    one = cosine.new_zeros(len(cosine), 1)
    pulled = torch.cat([one, pulls], dim=1).logsumexp(dim=1) / alpha
    pushed = torch.cat([one, pushes], dim=1).logsumexp(dim=1) / beta
    return (pulled + pushed).sum() / max(len(cosine), 1)


class GapMultiSimilarity(nn.Module):
    """The multi-similarity loss at each rung: near are values up to that gap, far those beyond.

    The mean over the rungs, as the ladder loss has one for each degree of relevance.
    """

    def __init__(self, task: Task, _width: int, *, alpha: float, beta: float, base: float) -> None:
        super().__init__()
        self.task = task
        self.rungs = task.rungs(MOST_RUNGS)
        self.given = {"alpha": alpha, "beta": beta, "base": base}

    def forward(self, embeddings: Tensor, codes: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with codes, int64 (B,); a scalar."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosine, gaps = unit @ unit.T, self.task.gaps(codes)
        others = ~torch.eye(len(gaps), dtype=torch.bool, device=gaps.device)
        terms = [
            multi_similarity(cosine, (gaps <= rung + SAME) & others, gaps > rung + SAME,
                             **self.given)
            for rung in self.rungs
        ]  # fmt: skip
        return torch.stack(terms).mean()
