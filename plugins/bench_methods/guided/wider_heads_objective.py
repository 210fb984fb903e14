"""S2SD's Objective."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench_methods.generative.equalized_linear import EqualizedLinear
from bench_methods.generative.labelled_loss import Embedded
from harness import Batch, Context, Embed, Objective, Outputs

WIDTHS = (4, 8)


def distilled(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL divergence of rows of similarities, float (B, B) each, from the teacher's: their mean.

    Rows are softmaxes at the temperature; times its square. The teacher gets no gradient.
    """
    told = (teacher.detach() / temperature).softmax(dim=1)
    given = (student / temperature).log_softmax(dim=1)
    divergence = nn.functional.kl_div(given, told, reduction="batchmean")
    return divergence * temperature**2


class WiderHeadsObjective(Objective):
    """(l(embedding) + mean l(head)) / 2 + w mean KL(head) + w_f KL(features).

    After Roth et al. 2021: l is a loss of its own for each, KL is `distilled` of the cosines.
    """

    def __init__(
        self,
        loss: Callable[[], Objective],
        context: Context,
        *,
        weight: float,
        feature_weight: float,
        temperature: float,
        feature_start: float,
    ) -> None:
        super().__init__()
        self.weight = weight
        self.feature_weight = feature_weight
        self.temperature = temperature
        self.first_step = round(feature_start * context.steps)
        widths = [times * context.embedding_size for times in WIDTHS]
        self.losses = nn.ModuleList([loss() for _ in range(1 + len(widths))])
        self.heads = nn.ModuleList(
            [
                nn.Sequential(
                    EqualizedLinear(context.feature_size, width),
                    nn.ReLU(),
                    EqualizedLinear(width, width),
                )
                for width in widths
            ]
        )

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the loss of a batch."""
        outputs = embed.outputs(batch.inputs)
        student = _cosines(outputs.embeddings)
        own = self.losses[0](batch, Embedded(outputs))
        losses, divergences = [], []
        for head, loss in zip(self.heads, self.losses[1:], strict=True):
            wide = head(outputs.features)
            losses.append(loss(batch, Embedded(Outputs(outputs.features, wide, wide))))
            divergences.append(distilled(student, _cosines(wide), self.temperature))
        total: Tensor = (own + torch.stack(losses).mean()) / 2
        total = total + self.weight * torch.stack(divergences).mean()
        if batch.step >= self.first_step:
            features = distilled(student, _cosines(outputs.features), self.temperature)
            total = total + self.feature_weight * features
        return total


def _cosines(rows: Tensor) -> Tensor:
    unit = nn.functional.normalize(rows, dim=1)
    return unit @ unit.T
