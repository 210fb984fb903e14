"""Proxy Anchor with the likelihood of a conditional normalizing flow."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench_methods.generative.equalized_linear import EqualizedLinear

BLOCKS, WIDTH = 4, 64
CLAMP = 2.0  # of a block's log scales
MARGIN, ALPHA = 0.1, 32.0


class Coupling(nn.Module):
    """The first half as it is; the second scaled and moved by what a network reads in the first.

    And in the condition. `2 h` outputs for a second half of h coordinates.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.kept = size // 2
        self.hidden = EqualizedLinear(self.kept + size, WIDTH)
        self.out = EqualizedLinear(WIDTH, 2 * (size - self.kept))

    def forward(self, rows: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Rows, float (B, D), mapped, and the log of the Jacobian's determinant, (B,)."""
        kept, moved = rows[:, : self.kept], rows[:, self.kept :]
        read = self.hidden(torch.cat([kept, condition], dim=1)).relu()
        scale, shift = self.out(read).chunk(2, dim=1)
        logs = CLAMP * 2 / math.pi * torch.atan(scale / CLAMP)
        return torch.cat([kept, moved * logs.exp() + shift], dim=1), logs.sum(dim=1)


class NonIsotropyLoss(nn.Module):
    """Proxy Anchor + w (|z|^2 / 2 - log det J) / D, z and J the flow's of an embedding.

    Roth et al. 2022, Eq. 4. Before each block coordinates are reversed. Embeddings and proxies are
    normalised; noise is uniform in [0, `noise`] and added to embeddings before the flow.
    """

    def __init__(self, classes: int, size: int, *, weight: float, noise: float) -> None:
        super().__init__()
        self.weight = weight
        self.noise = noise
        self.proxies = nn.Parameter(torch.randn(classes, size))
        self.blocks = nn.ModuleList([Coupling(size) for _ in range(BLOCKS)])

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        unit = nn.functional.normalize(embeddings, dim=1)
        proxies = nn.functional.normalize(self.proxies, dim=1)
        noisy = nn.functional.normalize(unit + self.noise * torch.rand_like(unit), dim=1)
        latent, determinant = self.flow(noisy, proxies[labels])
        likelihood = (latent.square().sum(dim=1) / 2 - determinant).mean() / unit.shape[1]
        return proxy_anchor(unit @ proxies.T, labels) + self.weight * likelihood

    def flow(self, rows: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Latent points of rows, float (B, D), and log determinants, (B,)."""
        total = rows.new_zeros(len(rows))
        for block in self.blocks:
            rows, logs = block(rows.flip(1), condition)
            total = total + logs
        return rows, total


def proxy_anchor(
    cosines: Tensor, labels: Tensor, margin: float = MARGIN, alpha: float = ALPHA
) -> Tensor:
    """Proxy Anchor's loss of cosines to the proxies, float (B, C), with labels, int64 (B,)."""
    own = nn.functional.one_hot(labels, cosines.shape[1]).bool()
    zero = torch.zeros_like(cosines[:1])
    lowest = torch.finfo(cosines.dtype).min
    near = (-alpha * (cosines - margin)).masked_fill(~own, lowest)
    far = (alpha * (cosines + margin)).masked_fill(own, lowest)
    pulled = torch.cat([zero, near]).logsumexp(dim=0).sum() / own.any(dim=0).sum()
    return pulled + torch.cat([zero, far]).logsumexp(dim=0).mean()
