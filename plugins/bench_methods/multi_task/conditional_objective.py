"""The Objective of conditional similarity networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.multi_task.gap_losses import gap_triplet
from bench_methods.multi_task.tasks import tasks_of
from bench_methods.pairs.batch_pairs import distances
from harness import Batch, Context, Embed, Objective, Readout, View


class ConditionalObjective(Objective):
    """Triplets under each mask, the squared norm of embeddings and the L1 norm of masks.

    The mean over label sets of `gap_triplet` on ||f(x) m - f(y) m||, m = [beta]+, over all
    triplets; plus `embedding_norm` times the mean of ||f(x)||^2, plus `mask_norm` times the mean
    over masks of ||m||_1. Masks start from N(0.9, 0.7), as the authors' code has it.
    """

    def __init__(
        self, context: Context, *, margin: float, embedding_norm: float, mask_norm: float
    ) -> None:
        super().__init__()
        self.tasks = tasks_of(context)
        self.margin = margin
        self.embedding_norm = embedding_norm
        self.mask_norm = mask_norm
        started = torch.empty(len(self.tasks), context.embedding_size).normal_(0.9, 0.7)
        self.masks = nn.Parameter(started)

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the loss of one batch."""
        embeddings = embed(batch.inputs)
        masks = self.masks.relu()
        terms = []
        for task, mask in zip(self.tasks, masks, strict=True):
            codes = task.codes(batch)
            known = codes >= 0
            gaps = task.gaps(codes[known]).to(embeddings.dtype)
            apart = distances(embeddings[known] * mask)
            terms.append(gap_triplet(apart, gaps, self.margin, violated=False))
        lengths = self.embedding_norm * embeddings.square().sum(dim=1).mean()
        return torch.stack(terms).mean() + lengths + self.mask_norm * masks.sum(dim=1).mean()

    def finish(self, view: View, embed: Embed) -> Readout:  # noqa: ARG002
        """Return the embedding under the mask of the class."""
        return Readout(of="embeddings", matrix=torch.diag(self.masks[0].detach().relu()))
