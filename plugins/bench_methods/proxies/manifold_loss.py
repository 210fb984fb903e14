"""The manifold similarity loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ManifoldLoss(nn.Module):
    """Hinged softmax losses on random-walk similarities to proxies, direct and by context.

    Aziere and Todorovic 2019. Batch and proxies are the nodes of a graph with weights
    e^{2 [cos]+}; S is its symmetrically normalised matrix and F = (1 - alpha)(I - alpha S)^-1.
    The intrinsic loss compares F of an embedding with each proxy, the context loss the cosine of
    their rows of F. The value of pytorch-metric-learning's `ManifoldLoss` with the labels as
    meta-classes, in whatever precision it is given.
    """

    def __init__(
        self, classes: int, size: int, *, alpha: float, margin: float, context_weight: float
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.margin = margin
        self.context_weight = context_weight
        self.proxies = nn.Parameter(torch.randn(classes, size))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        walks = self._walks(torch.cat([embeddings, self.proxies]))
        rows, proxies = walks[: len(labels)], walks[len(labels) :]
        near = rows[:, len(labels) :]
        alike = nn.functional.normalize(rows, dim=1) @ nn.functional.normalize(proxies, dim=1).T
        return self._hinged(near, labels) + self.context_weight * self._hinged(alike, labels)

    def _walks(self, nodes: Tensor) -> Tensor:
        unit = nn.functional.normalize(nodes, dim=1)
        identity = torch.eye(len(nodes), dtype=nodes.dtype, device=nodes.device)
        weights = (2 * (unit @ unit.T).clamp_min(0)).exp() * (1 - identity)
        roots = weights.sum(dim=1).rsqrt()
        graph = roots[:, None] * weights * roots[None, :]
        walks: Tensor = (1 - self.alpha) * torch.linalg.inv(identity - self.alpha * graph)
        return walks

    def _hinged(self, similarities: Tensor, labels: Tensor) -> Tensor:
        own = nn.functional.one_hot(labels, len(self.proxies)).bool()
        excess = similarities - similarities[own][:, None] + self.margin
        counted = (excess >= 0) & ~own
        return (excess.exp() * counted).sum(dim=1).log1p().mean()
