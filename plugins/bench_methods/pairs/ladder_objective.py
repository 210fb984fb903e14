"""The ladder loss: one hinge for each degree of relevance."""

from __future__ import annotations

import torch
from torch import Tensor

from bench_methods.pairs.batch_pairs import masked_mean
from harness import Batch, Embed, Objective


def rung(similarity: Tensor, near: Tensor, far: Tensor, margin: float) -> Tensor:
    """[margin - min over near + max over far]+ of each row that has both: float (R,).

    `similarity` is float, (B, B); `near` and `far` are bool, (B, B). The authors' code masks with 0
    and 1, which counts a missing pair as one of similarity 0; here it does not count.
    """
    both = near.any(dim=1) & far.any(dim=1)
    least = similarity.masked_fill(~near, torch.inf)[both].amin(dim=1)
    most = similarity.masked_fill(~far, -torch.inf)[both].amax(dim=1)
    return (margin - least + most).clamp_min(0.0)


class LadderObjective(Objective):
    """A rung for samples of one class, and at a weight one for those of related classes."""

    def __init__(
        self, class_margin: float, group_margin: float, threshold: float, group_weight: float
    ) -> None:
        super().__init__()
        self.class_margin = class_margin
        self.group_margin = group_margin
        self.threshold = threshold
        self.group_weight = group_weight

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """The mean over anchors of the first rung plus that of the second."""
        relevance = batch.relevance
        if relevance is None:
            raise RuntimeError("the ladder loss needs batches with graded relevance")
        unit = torch.nn.functional.normalize(embed(batch.inputs), dim=1)
        similarity = unit @ unit.T
        own = self._mean(similarity, relevance >= 1.0, self.class_margin)
        group = self._mean(similarity, relevance >= self.threshold, self.group_margin)
        return own + self.group_weight * group

    @staticmethod
    def _mean(similarity: Tensor, near: Tensor, margin: float) -> Tensor:
        others = ~torch.eye(len(near), dtype=torch.bool, device=near.device)
        hinges = rung(similarity, near & others, ~near, margin)
        return masked_mean(hinges, torch.ones_like(hinges, dtype=torch.bool))
