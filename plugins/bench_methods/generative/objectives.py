"""Objectives from an unsupervised term, alone or beside a metric loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bench_methods.generative.labelled_loss import LabelledLoss
from bench_methods.generative.schedule import Phase, phase
from bench_methods.generative.terms import Term
from harness import Batch, Embed, Objective, Outputs, View


class Unsupervised(Objective):
    """A term alone; labels are never read."""

    def __init__(self, term: Term) -> None:
        super().__init__()
        self.term = term

    def prepare(self, view: View, embed: Embed) -> None:  # noqa: ARG002
        """Prepare the term."""
        self.term.prepare(view)

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the term of the whole batch."""
        return with_companions(self.term, batch.inputs, embed)[1]


class SemiSupervised(Objective):
    """(1 - alpha) times a metric loss of the labelled rows plus alpha times a term of all rows.

    Alternating schedules take one of the two at a step, with the same weights; all steps share the
    protocol's one optimizer. The whole batch is embedded at every step. The metric loss is that of
    the embeddings, or of what `latent` makes of them.
    """

    def __init__(
        self,
        plain: Objective,
        term: Term,
        *,
        alpha: float,
        schedule: str,
        latent: Callable[[Outputs], Outputs] | None = None,
    ) -> None:
        super().__init__()
        self.latent = latent
        self.metric = LabelledLoss(plain)
        self.term = term
        self.alpha = alpha
        self.schedule = schedule
        self.epoch = 0

    def prepare(self, view: View, embed: Embed) -> None:  # noqa: ARG002
        """Prepare the term."""
        self.term.prepare(view)

    def begin_epoch(self, epoch: int, view: View, embed: Embed) -> None:  # noqa: ARG002
        """Remember the epoch."""
        self.epoch = epoch

    def phase(self, step: int) -> Phase:
        """What a step of the current epoch trains on."""
        return phase(self.schedule, self.alpha, epoch=self.epoch, step=step)

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the weighted loss of what this step trains on."""
        now = self.phase(batch.step)
        if now is Phase.SUPERVISED:
            return (1 - self.alpha) * self._supervised(batch, embed.outputs(batch.inputs))
        outputs, unsupervised = with_companions(self.term, batch.inputs, embed)
        loss = self.alpha * unsupervised
        if now is Phase.JOINT:
            loss = loss + (1 - self.alpha) * self._supervised(batch, outputs)
        return loss

    def _supervised(self, batch: Batch, outputs: Outputs) -> Tensor:
        loss: Tensor = self.metric(batch, outputs if self.latent is None else self.latent(outputs))
        return loss


def with_companions(term: Term, inputs: Tensor, embed: Embed) -> tuple[Outputs, Tensor]:
    """Embed inputs and companions in one pass; return the inputs' outputs and the term."""
    companions = term.companions()
    rows = embed.outputs(inputs if companions is None else torch.cat([inputs, companions]))
    loss: Tensor = term(inputs, rows)
    count = len(inputs)
    return Outputs(rows.features[:count], rows.linear[:count], rows.embeddings[:count]), loss
