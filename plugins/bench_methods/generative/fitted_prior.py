"""A prior that is fitted to trained embeddings."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from bench_methods.generative.densities import log_density, mixture_log_density
from bench_methods.generative.prior import UnitPrior

# Four latent points a component are the fewest that leave a variance to speak of.
POINTS_PER_COMPONENT = 4


class FittedPrior(UnitPrior):
    """N(0, I) until `fit`; from then on the mixture of diagonal normals that fits given points.

    Fitted by scikit-learn's `GaussianMixture`, with at most `components` components and no more
    than the points can support. `mixture`: the components, float (K, d), and their log weights,
    float (K,), once fitted.
    """

    def __init__(self, components: int, generator: torch.Generator) -> None:
        super().__init__()
        self.components = components
        self._generator = generator
        self.mixture: tuple[Normal, Tensor] | None = None

    def fit(self, points: Tensor) -> None:
        """Fit the mixture to latent points, float (N, d)."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        seed = int(torch.randint(2**31, (), generator=self._generator))
        mixture = GaussianMixture(
            n_components=max(1, min(self.components, len(points) // POINTS_PER_COMPONENT)),
            covariance_type="diag",
            max_iter=20,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # A prior that EM could still sharpen is a prior all the same.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(points.detach().cpu().double().numpy())
        mean, scale, log_weights = (
            points.new_tensor(values)
            for values in (mixture.means_, np.sqrt(mixture.covariances_), np.log(mixture.weights_))
        )
        self.mixture = Normal(mean, scale, validate_args=False), log_weights

    def divergence(self, posterior: Normal, sample: Tensor, companions: Normal) -> Tensor:
        """KL divergence, float (B,): in closed form before `fit`, by one sample after it."""
        if self.mixture is None:
            return super().divergence(posterior, sample, companions)
        return log_density(sample, posterior) - mixture_log_density(sample, *self.mixture)
