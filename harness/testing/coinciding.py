"""The promise that roots and norms break: no NaN where embeddings coincide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from harness.testing.applicable import needs_training
from harness.testing.toys import ToyEmbed, ToyRun, batch_for, gradients_of, per_class

if TYPE_CHECKING:
    from torch import Tensor

    from harness.method import Method


def coinciding_embeddings_give_no_nan(method: Method) -> None:
    """Where embeddings coincide, all of them or those of a class, loss and gradients are finite."""
    needs_training(method)
    rows = torch.arange(len(batch_for(method).inputs))
    for which, groups in (("all", rows * 0), ("same-class", rows - rows % per_class(method))):
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
