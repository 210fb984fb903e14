"""CovNet's Objectives: pairs, their covariance, a tail that labels them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from bench_methods.covariance.merge import covariance
from bench_methods.covariance.pairing import Pairs
from harness import Batch, Embed, Objective

Pairing = Callable[[Tensor], Pairs]
Loss = Callable[[Tensor, Tensor], Tensor]


class CovNetObjective(Objective):
    """Embeds the batch once, merges its pairs by covariance and classifies them by `tail`."""

    def __init__(
        self,
        pairing: Pairing,
        tail: nn.Module,
        loss: Loss,
        *,
        tanh: bool,
        normalized: bool,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.normalized = normalized
        self.scale = scale
        self.pairing = pairing
        self.tail = tail
        self.loss = loss
        self.tanh = tanh

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the mean loss over the pairs."""
        linear = embed.outputs(batch.inputs).linear
        embeddings = linear.tanh() if self.tanh else linear
        if self.normalized:
            embeddings = nn.functional.normalize(embeddings)
        pairs = self.pairing(batch.require_labels())
        merged = covariance(embeddings[pairs.first], embeddings[pairs.second])
        return self.loss(self.tail(self.scale * merged), pairs.labels)


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Of one logit a pair, float (P, 1), and labels 0 or 1, int64 (P,)."""
    return nn.functional.binary_cross_entropy_with_logits(
        logits.squeeze(1), labels.to(logits.dtype)
    )
