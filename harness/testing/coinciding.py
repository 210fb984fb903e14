"""The promise that roots and norms break: no NaN where embeddings coincide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from harness.method.objective import Outputs
from harness.testing.applicable import needs_training
from harness.testing.toys import ToyEmbed, ToyRun, batch_for, gradients_of

if TYPE_CHECKING:
    from torch import Tensor

    from harness.method import Method


def coinciding_embeddings_give_no_nan(method: Method) -> None:
    """Where embeddings coincide, all of them or those of a class, loss and gradients are finite."""
    needs_training(method)
    rows = torch.arange(len(batch_for(method).inputs))
    labels = batch_for(replace(method, labels="all")).require_labels()
    same_class = (labels[:, None] == labels).int().argmax(dim=1)
    for which, groups in (("all", rows * 0), ("same-class", same_class)):
        run = ToyRun(method)
        loss = run.loss(embed=_Coinciding(run.embed, groups))
        assert torch.isfinite(loss), (
            f"{method.name}: the loss is {loss.item()} where {which} embeddings coincide"
        )
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = gradients_of(run.embed.backbone) + gradients_of(run.objective)
        assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients), (
            f"{method.name}: a gradient is not finite where {which} embeddings coincide: "
            "a root or a norm at zero?"
        )


class _Coinciding:
    """An `Embed` whose outputs are equal within each group of rows; gradient flows."""

    def __init__(self, embed: ToyEmbed, groups: Tensor) -> None:
        self._embed = embed
        self._groups = groups

    def __call__(self, inputs: Tensor) -> Tensor:
        return self._embed(inputs)[self._groups]

    def features(self, inputs: Tensor) -> Tensor:
        return self._embed.features(inputs)[self._groups]

    def outputs(self, inputs: Tensor) -> Outputs:
        # What is embedded beside the batch stays as it is.
        beside = torch.arange(len(self._groups), len(inputs))
        rows = torch.cat([self._groups, beside])
        return Outputs(*(part[rows] for part in self._embed.outputs(inputs)))
