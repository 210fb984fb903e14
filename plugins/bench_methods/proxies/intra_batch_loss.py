"""The loss of intra-batch connections."""

from __future__ import annotations

import math

from torch import Tensor, nn

from bench_methods.generative.equalized_linear import EqualizedLinear


class IntraBatchLoss(nn.Module):
    """Cross-entropy after one step of message passing + w cross-entropy before it.

    A step is x + attention over the batch, layer norm, x + two layers of 4 D and D, layer norm
    (Seidenschwarz et al. 2021). Of what comes after it, logits are divided by the temperature; the
    targets before it are smoothed.
    """

    def __init__(
        self, classes: int, size: int, *, auxiliary: float, temperature: float, smoothing: float
    ) -> None:
        super().__init__()
        self.auxiliary = auxiliary
        self.temperature = temperature
        self.smoothing = smoothing
        self.query = EqualizedLinear(size, size)
        self.key = EqualizedLinear(size, size)
        self.value = EqualizedLinear(size, size)
        self.out = EqualizedLinear(size, size)
        self.norms = nn.ModuleList([nn.LayerNorm(size), nn.LayerNorm(size)])
        self.wide = EqualizedLinear(size, 4 * size)
        self.narrow = EqualizedLinear(4 * size, size)
        self.after = EqualizedLinear(size, classes)
        self.before = EqualizedLinear(size, classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        entropy = nn.functional.cross_entropy
        after = entropy(self.after(self.passed(embeddings)) / self.temperature, labels)
        before = entropy(self.before(embeddings), labels, label_smoothing=self.smoothing)
        return after + self.auxiliary * before

    def passed(self, rows: Tensor) -> Tensor:
        """Rows, float (B, D), after one step of message passing."""
        weights = self.query(rows) @ self.key(rows).T / math.sqrt(rows.shape[1])
        messages = self.out(weights.softmax(dim=1) @ self.value(rows))
        told = self.norms[0](rows + messages)
        refined: Tensor = self.norms[1](told + self.narrow(self.wide(told).relu()))
        return refined
