"""An Objective on two augmented views of each image."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from harness import Batch, Embed, Objective

ViewLoss = Callable[[Tensor, Tensor], Tensor]


class TwoViews(Objective):
    """Embeds both views of a batch and gives them to a loss: float (B, D) each, row by row.

    With `unnormalized`, the loss gets the embeddings as they are before the protocol's
    normalisation.
    """

    def __init__(self, loss: ViewLoss, *, unnormalized: bool = False) -> None:
        super().__init__()
        self.loss = loss
        self.unnormalized = unnormalized

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return what the loss gives; raise RuntimeError if the batch has one view only."""
        if batch.second is None:
            raise RuntimeError("this method needs two views of each image")
        return self.loss(self._embed(batch.inputs, embed), self._embed(batch.second, embed))

    def _embed(self, inputs: Tensor, embed: Embed) -> Tensor:
        return embed.outputs(inputs).linear if self.unnormalized else embed(inputs)
