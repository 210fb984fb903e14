"""Another method's Objective, with the labels of the training part permuted."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from harness import Batch, Embed, Objective, View


class PermutedLabels(Objective):
    """Gives its inner Objective the labels of one permutation, drawn before the first step.

    Every class keeps its size, and a sample its wrong label for the whole run.
    """

    def __init__(self, inner: Objective, generator: torch.Generator) -> None:
        super().__init__()
        self.inner = inner
        self.generator = generator
        self.register_buffer("labels", torch.empty(0, dtype=torch.int64))

    labels: Tensor

    def prepare(self, view: View, embed: Embed) -> None:  # noqa: ARG002
        """Draw the permutation."""
        if view.labels is None:
            raise RuntimeError("there are no labels to permute")
        order = torch.randperm(len(view), generator=self.generator)
        self.labels = view.labels[order.to(view.labels.device)]

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the inner loss on the permuted labels."""
        loss: Tensor = self.inner(replace(batch, labels=self.labels[batch.indices]), embed)
        return loss
