"""A learned proxy for each value of a label set."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.multi_task.tasks import Task


class ValueProxies(nn.Module):
    """Cross-entropy over cosines to the proxies, at a temperature; the mean over samples.

    Where values are in order the target is softmax(-|gap|), with gaps in mean steps from one value
    to the next (Diaz and Marathe, CVPR 2019); else it is the value itself.
    """

    def __init__(self, task: Task, width: int, *, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.proxies = nn.Parameter(torch.randn(task.values, width))
        self.targets: Tensor
        self.register_buffer("targets", soft_targets(task), persistent=False)

    def forward(self, embeddings: Tensor, codes: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with codes, int64 (B,); a scalar, 0 of none."""
        unit = nn.functional.normalize(embeddings, dim=1)
        cosine = unit @ nn.functional.normalize(self.proxies, dim=1).T
        told = nn.functional.cross_entropy(
            cosine / self.temperature, self.targets[codes], reduction="sum"
        )
        return told / max(len(codes), 1)


def soft_targets(task: Task) -> Tensor:
    """The target of each value, float32 (values, values)."""
    if task.positions is None:
        return torch.eye(task.values)
    places = task.spread() * (task.values - 1)
    return (-(places[:, None] - places).abs()).softmax(dim=1)
