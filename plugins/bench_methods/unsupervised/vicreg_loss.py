"""The VICReg loss."""

from __future__ import annotations

from torch import Tensor, nn


class VICRegLoss(nn.Module):
    """Weighted sum of the invariance, variance and covariance terms of Bardes et al. 2022.

    Invariance: the mean squared difference of the views. Variance: mean over coordinates of
    [1 - standard deviation]+. Covariance: squared covariances of different coordinates, summed,
    over the number of coordinates. The two last add over the views; the variance is halved as in
    the authors' code and pytorch-metric-learning's `VICRegLoss`, whose value this is.
    """

    def __init__(self, *, invariance: float, variance: float, covariance: float) -> None:
        super().__init__()
        self.invariance = invariance
        self.variance = variance
        self.covariance = covariance

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of two views, float (B, D) each, B at least 2; a scalar."""
        views = (first - first.mean(dim=0), second - second.mean(dim=0))
        return (
            self.invariance * nn.functional.mse_loss(first, second)
            + self.variance * sum((_lack_of_spread(view) for view in views), first.new_zeros(()))
            + self.covariance * sum((_correlation(view) for view in views), first.new_zeros(()))
        )


def _lack_of_spread(centered: Tensor) -> Tensor:
    variances = centered.square().sum(dim=0) / (len(centered) - 1)
    return nn.functional.relu(1 - (variances + 1e-4).sqrt()).mean() / 2


def _correlation(centered: Tensor) -> Tensor:
    covariances = centered.T @ centered / (len(centered) - 1)
    return (covariances.square().sum() - covariances.diagonal().square().sum()) / len(covariances)
