"""The Objective of several label sets: one loss each, on its dimensions, added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from bench_methods.multi_task.tasks import Task, dimensions, tasks_of
from harness import Batch, Context, Embed, Objective

TaskLoss = Callable[[Task, int], nn.Module]
"""Makes the loss of a task on embeddings of so many dimensions, called as (embeddings, codes)."""


class MultiTaskObjective(Objective):
    """The class's loss plus that of each other label set times its `attribute_weight`.

    Each sees the samples whose value is known, in its own dimensions; in slices these are
    normalised by themselves if the protocol normalises embeddings.
    """

    def __init__(
        self,
        context: Context,
        make_loss: TaskLoss,
        *,
        layout: str,
        attribute_weight: Mapping[str, float],
    ) -> None:
        super().__init__()
        self.tasks = tasks_of(context)
        self.places = dimensions(context.embedding_size, len(self.tasks), layout)
        self.normalized = context.normalized and layout == "slices"
        self.weights = [1.0, *(attribute_weight[task.name] for task in self.tasks[1:])]
        self.losses = nn.ModuleList(
            make_loss(task, place.stop - place.start)
            for task, place in zip(self.tasks, self.places, strict=True)
        )

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the weighted sum over the label sets."""
        embeddings = embed(batch.inputs)
        terms = []
        for task, place, loss in zip(self.tasks, self.places, self.losses, strict=True):
            codes = task.codes(batch)
            known = codes >= 0
            own = embeddings[known, place]
            if self.normalized:
                own = nn.functional.normalize(own, dim=1)
            terms.append(loss(own, codes[known]))
        return torch.stack([w * term for w, term in zip(self.weights, terms, strict=True)]).sum()
