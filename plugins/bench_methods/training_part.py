"""Embedding the whole training part, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness import View

CHUNK = 512


def embed_all(view: View, embed: Callable[[Tensor], Tensor]) -> Tensor:
    """What `embed` makes of every input of the training part, float (N, ...), without gradient."""
    chunks = torch.split(torch.arange(len(view)), CHUNK)
    with torch.no_grad():
        return torch.cat([embed(view.inputs(chunk)) for chunk in chunks])
