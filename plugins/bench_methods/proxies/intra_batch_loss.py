"""The loss of intra-batch connections."""

from __future__ import annotations

import math

from torch import Tensor, nn

from bench_methods.generative.equalized_linear import EqualizedLinear


class IntraBatchLoss(nn.Module):
    """Cross-entropy after one step of message passing + w cross-entropy before it.

    A step is x + attention over the batch, layer norm, x + two layers of 4 D and D, layer norm
    (Seidenschwarz et al. 2021), of normalised x; what comes out is standardised over the batch
    before it is classified. As in the authors' code both entropies are of logits divided by the
    temperature, with smoothed targets.
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
        self.neck = nn.BatchNorm1d(size, affine=False)
        self.wide = EqualizedLinear(size, 4 * size)
        self.narrow = EqualizedLinear(4 * size, size)
        self.after = EqualizedLinear(size, classes)
        self.before = EqualizedLinear(size, classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        told = self.neck(self.passed(nn.functional.normalize(embeddings, dim=1)))
        after = self._entropy(self.after(told), labels)
        return after + self.auxiliary * self._entropy(self.before(embeddings), labels)

    def _entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(
            logits / self.temperature, labels, label_smoothing=self.smoothing
        )

    def passed(self, rows: Tensor) -> Tensor:
        """Rows, float (B, D), after one step of message passing."""
        weights = self.query(rows) @ self.key(rows).T / math.sqrt(rows.shape[1])
        messages = self.out(weights.softmax(dim=1) @ self.value(rows))
        told = self.norms[0](rows + messages)
        refined: Tensor = self.norms[1](told + self.narrow(self.wide(told).relu()))
        return refined
