"""The HIST loss."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench_methods.generative.equalized_linear import EqualizedLinear


class HypergraphLoss(nn.Module):
    """-log softmax_y of -scale m + w cross-entropy of the hypergraph network.

    Lim et al. 2022. m is sum_k (f_k - mu_k)^2 / v_k with normalised f and class means mu, and
    variances v = e^{min(max(log v, 0), 6)}. The hypergraph has an edge for each class of the
    batch, which holds its samples fully and others by e^{-nearness m}.
    """

    def __init__(
        self,
        classes: int,
        size: int,
        width: int,
        *,
        scale: float,
        nearness: float,
        graph_weight: float,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.nearness = nearness
        self.graph_weight = graph_weight
        self.means = nn.Parameter(torch.randn(classes, size))
        self.log_variances = nn.Parameter(torch.randn(classes, size) * math.sqrt(2 / classes))
        self.first = EqualizedLinear(size, width)
        self.norm = nn.BatchNorm1d(width)
        self.second = EqualizedLinear(width, classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        unit = nn.functional.normalize(embeddings, dim=1)
        squared = self.mahalanobis(unit)
        told = nn.functional.cross_entropy(-self.scale * squared, labels)
        own = nn.functional.one_hot(labels, len(self.means)).bool()
        edges = own.any(dim=0)
        near = (-self.nearness * squared).exp()
        walk = propagation(torch.ones_like(near).where(own, near)[:, edges])
        hidden = nn.functional.leaky_relu(self.norm(walk @ self.first(unit)), 0.1)
        logits = walk @ self.second(hidden)
        return told + self.graph_weight * nn.functional.cross_entropy(logits, labels)

    def mahalanobis(self, unit: Tensor) -> Tensor:
        """Squared distances of rows, float (B, D), to the classes, (B, C)."""
        precision = (-nn.functional.relu6(self.log_variances)).exp()
        means = nn.functional.normalize(self.means, dim=1)
        crossed = unit.square() @ precision.T - 2 * unit @ (means * precision).T
        return crossed + (means.square() * precision).sum(dim=1)


def propagation(incidence: Tensor) -> Tensor:
    """D^-1/2 H E^-1 H' D^-1/2 of an incidence matrix, float (B, edges); degrees D and E: (B, B)."""
    nodes = incidence / incidence.sum(dim=1, keepdim=True).sqrt()
    return nodes / incidence.sum(dim=0) @ nodes.T
