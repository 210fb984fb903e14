"""DVML's objective: what a class has in common, plus a drawn variation within it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from bench_methods.generative.decoder import Decoder
from bench_methods.generative.equalized_linear import EqualizedLinear
from bench_methods.generative.labelled_loss import Embedded
from bench_methods.generative.posterior import diagonal_normal
from bench_methods.generative.prior import UnitPrior
from harness import Batch, Context, Embed, Objective, Outputs

# Weights of the divergence, the reconstruction, and the metric loss with and without variation, in
# the first and the second half of training, as in the code that is public.
PHASES = ((1.0, 1.0, 0.1, 1.0), (0.8, 1.0, 0.2, 0.8))


class DvmlObjective(Objective):
    """l1 w KL + l2 |decoder(z) - y|^2 + l3 L_m(z) + l4 L_m(z_I), with z = z_I + z_V.

    After Lin et al. (2018): y are the trunk's features and z_I the unnormalised embedding; z_V is
    drawn from N(mu, sigma^2) of two linear layers on y, and KL is its divergence from N(0, I). The
    metric loss L_m gets z and z_I as the protocol has embeddings, normalised or not. As in the
    public code the reconstruction trains the decoder alone: neither y nor z gets its gradient.
    """

    def __init__(
        self, metric: Objective, context: Context, *, divergence_weight: float = 1.0
    ) -> None:
        super().__init__()
        self.divergence_weight = divergence_weight
        size = context.embedding_size
        self.metric = metric
        self.mean = EqualizedLinear(context.feature_size, size)
        self.log_variance = EqualizedLinear(context.feature_size, size)
        self.decoder = Decoder(size, (context.feature_size,))
        self.normalized = context.normalized
        self.second_phase = context.steps // 2

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the weighted sum of the four terms."""
        invariant = embed.outputs(batch.inputs)
        variation = self.variation(invariant.features)
        sample: Tensor = variation.rsample()
        whole = self._as_embedded(invariant.features, invariant.linear + sample)
        losses = (
            self.divergence_weight * UnitPrior().divergence(variation, sample, variation).mean(),
            self._reconstruction(whole),
            self.metric(batch, Embedded(whole)),
            self.metric(batch, Embedded(invariant)),
        )
        weights = PHASES[batch.step >= self.second_phase]
        return torch.stack([w * loss for w, loss in zip(weights, losses, strict=True)]).sum()

    def variation(self, features: Tensor) -> Normal:
        """The distribution of z_V for features, float (B, feature_size)."""
        return diagonal_normal(self.mean(features), self.log_variance(features))

    def _as_embedded(self, features: Tensor, linear: Tensor) -> Outputs:
        embeddings = nn.functional.normalize(linear) if self.normalized else linear
        return Outputs(features, linear, embeddings)

    def _reconstruction(self, whole: Outputs) -> Tensor:
        decoded = self.decoder(whole.linear.detach())
        return nn.functional.mse_loss(decoded, whole.features.detach())
