"""The posterior q(z|x): a diagonal normal distribution around the embedding head's output."""

from __future__ import annotations

from torch import Tensor, nn
from torch.distributions import Normal

from bench_methods.generative.equalized_linear import EqualizedLinear
from harness import Outputs

# Between 0.05 and 2.7 standard deviations, as in the code of Tomczak and Welling (2018).
LOWEST_LOG_VARIANCE, HIGHEST_LOG_VARIANCE = -6.0, 2.0


class Posterior(nn.Module):
    """Its mean is the unnormalised embedding; its log-variance, a linear layer on the features.

    `d * (F + 1)` parameters for embeddings of size d and features of size F.
    """

    def __init__(self, features: int, embedding_size: int) -> None:
        super().__init__()
        self.log_variance = EqualizedLinear(features, embedding_size)

    def forward(self, outputs: Outputs) -> Normal:
        """The posterior of each row: mean and standard deviation, float (B, embedding_size)."""
        bounded = self.log_variance(outputs.features).clamp(
            LOWEST_LOG_VARIANCE, HIGHEST_LOG_VARIANCE
        )
        return diagonal_normal(outputs.linear, bounded)


class Drawn:
    """Latent points in place of embeddings: one of each row's posterior, placed as these are."""

    def __init__(self, posterior: Posterior, *, normalized: bool) -> None:
        self._posterior = posterior
        self._normalized = normalized

    def __call__(self, outputs: Outputs) -> Outputs:
        """The same features; the point as it was drawn, and as the protocol has embeddings."""
        point: Tensor = self._posterior(outputs).rsample()
        placed = nn.functional.normalize(point, dim=1) if self._normalized else point
        return Outputs(outputs.features, point, placed)


def diagonal_normal(mean: Tensor, log_variance: Tensor) -> Normal:
    """A normal distribution for each row, independent in each coordinate: float (B, d) each."""
    return Normal(mean, (log_variance / 2).exp(), validate_args=False)
