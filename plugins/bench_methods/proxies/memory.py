"""A queue of the embeddings of earlier batches, as further pairs of a loss."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor, nn

from harness import Batch, Embed, Objective


class CrossBatchMemory(Objective):
    """loss(batch) + weight * loss(batch against memory), the second from `first_step` on.

    After Wang et al. 2020. The memory holds the last batches before this one, without gradient; the
    authors' holds the batch itself too, whose pairs then count twice. `loss` is called as
    pytorch-metric-learning's: loss(embeddings, labels) and
    loss(embeddings, labels, ref_emb=..., ref_labels=...).
    """

    def __init__(self, loss: nn.Module, *, batches: int, weight: float, first_step: int) -> None:
        super().__init__()
        self.loss = loss
        self.weight = weight
        self.first_step = first_step
        self.memory: deque[tuple[Tensor, Tensor]] = deque(maxlen=batches)

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the loss of a batch and remember its embeddings."""
        embeddings, labels = embed(batch.inputs), batch.require_labels()
        value: Tensor = self.loss(embeddings, labels)
        if self.memory and batch.step >= self.first_step:
            known, classes = (torch.cat(parts) for parts in zip(*self.memory, strict=True))
            value = value + self.weight * self.loss(
                embeddings, labels, ref_emb=known, ref_labels=classes
            )
        self.memory.append((embeddings.detach(), labels))
        return value
