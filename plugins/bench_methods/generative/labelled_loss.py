"""The metric loss of a semi-supervised method: a plain method's, on the labelled rows alone."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from harness import Batch, Objective, Outputs


class LabelledLoss(nn.Module):
    """The loss of a plain Objective on the labelled part of a batch that is embedded already."""

    def __init__(self, plain: Objective) -> None:
        super().__init__()
        self.plain = plain

    def forward(self, batch: Batch, outputs: Outputs) -> Tensor:
        """Loss of the labelled rows; a zero that gradients flow from if there are none."""
        known = batch.known.nonzero().squeeze(1)
        if len(known) == 0:
            return 0.0 * outputs.embeddings.sum()
        labelled = replace(
            batch,
            inputs=batch.inputs[known],
            labels=batch.require_labels()[known],
            known=batch.known[known],
            indices=batch.indices[known],
            attributes={name: codes[known] for name, codes in batch.attributes.items()},
        )
        rows = Outputs(outputs.features[known], outputs.linear[known], outputs.embeddings[known])
        loss: Tensor = self.plain(labelled, Embedded(rows))
        return loss


class Embedded:
    """An `Embed` that returns what was computed before."""

    def __init__(self, rows: Outputs) -> None:
        self._rows = rows

    def __call__(self, inputs: Tensor) -> Tensor:  # noqa: ARG002
        """The embeddings."""
        return self._rows.embeddings

    def features(self, inputs: Tensor) -> Tensor:  # noqa: ARG002
        """The features."""
        return self._rows.features

    def outputs(self, inputs: Tensor) -> Outputs:  # noqa: ARG002
        """All there is."""
        return self._rows
