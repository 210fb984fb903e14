"""Center loss with a softmax classifier, in the benchmark's full form."""

from __future__ import annotations

import torch
from harness import Batch, Context, Embed, Objective, View
from torch import Tensor, nn

CHUNK = 256


class CenterObjective(Objective):
    """Cross-entropy of a classifier on the embeddings, plus their distance to class centres.

    Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition, ECCV 2016;
    the centres are trained by gradient, and start at the class means of the untrained embedding.
    """

    def __init__(self, weight: float, scale: float, context: Context) -> None:
        super().__init__()
        self.weight = weight
        self.scale = scale
        self.classifier = nn.Linear(context.embedding_size, context.classes)
        self.centers = nn.Parameter(torch.zeros(context.classes, context.embedding_size))

    @torch.no_grad()
    def prepare(self, view: View, embed: Embed) -> None:
        """Put each centre at the mean of its class; one pass over the training part."""
        assert view.labels is not None
        count = torch.zeros(len(self.centers), 1, device=self.centers.device)
        for indices in torch.split(torch.arange(len(view), device=self.centers.device), CHUNK):
            labels = view.labels[indices]
            self.centers.index_add_(0, labels, embed(view.inputs(indices)))
            count.index_add_(0, labels, torch.ones(len(labels), 1, device=count.device))
        self.centers.div_(count.clamp_min(1))

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """The loss of one batch."""
        embeddings, labels = embed(batch.inputs), batch.require_labels()
        classification = nn.functional.cross_entropy(
            self.classifier(self.scale * embeddings), labels
        )
        distance = (embeddings - self.centers[labels]).square().sum(dim=1).mean()
        return classification + self.weight * distance / 2
