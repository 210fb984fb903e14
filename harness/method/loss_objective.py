"""The Objective behind `loss_method`."""

from __future__ import annotations

from torch import Tensor, nn

from harness.method.objective import Batch, Embed, Objective


class LossObjective(Objective):
    """Embeds the batch once and gives embeddings and labels to a loss, by way of a miner if any."""

    def __init__(
        self, loss: nn.Module, miner: nn.Module | None = None, *, unnormalized: bool = False
    ) -> None:
        super().__init__()
        self.unnormalized = unnormalized
        self.loss = loss
        self.miner = miner

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return what the loss gives."""
        inputs = batch.inputs
        embeddings = embed.outputs(inputs).linear if self.unnormalized else embed(inputs)
        labels = batch.require_labels()
        if self.miner is None:
            value: Tensor = self.loss(embeddings, labels)
        else:
            value = self.loss(embeddings, labels, self.miner(embeddings, labels))
        return value
