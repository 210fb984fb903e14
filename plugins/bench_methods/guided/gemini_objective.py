"""The student's Objective: distance to the teacher's embedding of the same image."""

from __future__ import annotations

import torch
from torch import Tensor

from bench_methods.guided.gemini_training import GeminiRule, GeminiTraining
from harness import Batch, Context, Embed, Objective, View


class GeminiObjective(Objective):
    """Trains the teacher in `prepare`, keeps its targets and lets it go.

    `targets`: float32 (N, d), the teacher's embeddings of the training part.
    """

    targets: Tensor

    def __init__(self, rule: GeminiRule, context: Context) -> None:
        super().__init__()
        self.rule = rule
        self.context = context
        self.register_buffer("targets", torch.zeros(context.samples, context.embedding_size))

    def prepare(self, view: View, embed: Embed) -> None:  # noqa: ARG002
        """Train the teacher; its time and the images it reads are the run's."""
        self.targets = GeminiTraining(self.rule, self.context, view).run()

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the mean distance, not squared, to the targets of the batch's images."""
        differences = embed(batch.inputs) - self.targets[batch.indices]
        distances: Tensor = torch.linalg.vector_norm(differences, dim=1)
        return distances.mean()
