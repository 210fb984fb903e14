"""The magnet loss of a batch whose samples are in clusters."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def magnet_losses(embeddings: Tensor, clusters: Tensor, classes: Tensor, gap: float) -> Tensor:
    """Loss of each sample, float (B,), not negative (Rippel et al. 2016, Eq. 4).

    `embeddings`: float (B, D). `clusters`: int64 (B,), any numbers. `classes`: int64 (B,), equal
    within a cluster. Means and variance are those of the batch. A sample without a cluster of
    another class in its batch has loss 0.
    """
    names, own = torch.unique(clusters, return_inverse=True)
    membership = nn.functional.one_hot(own, len(names)).to(embeddings.dtype)
    sizes = membership.sum(dim=0)
    means = membership.T @ embeddings / sizes[:, None]
    squared = (embeddings[:, None, :] - means[None, :, :]).square().sum(dim=2)
    to_own = squared.gather(1, own[:, None]).squeeze(1)
    variance = to_own.sum() / max(len(embeddings) - 1, 1)
    scaled = squared / (2 * variance).clamp_min(torch.finfo(embeddings.dtype).eps)

    first = torch.zeros(len(names), dtype=torch.long, device=own.device)
    first.scatter_(0, own, torch.arange(len(own), device=own.device))
    of_another_class = classes[:, None] != classes[first][None, :]
    # The lowest finite number: minus infinity gives NaN gradients in a row without impostors.
    lowest = torch.finfo(embeddings.dtype).min
    impostors = (-scaled).masked_fill(~of_another_class, lowest).logsumexp(dim=1)
    losses = scaled.gather(1, own[:, None]).squeeze(1) + gap + impostors
    return torch.relu(losses)
