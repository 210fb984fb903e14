"""Embedding several views of each image: their mean counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


class MeanOfViews(nn.Module):
    """Maps raw images to the mean embedding of their views, of unit length if `normalize`.

    `views`: each makes one view of raw images (B, C, H, W), as `reader` takes it.
    """

    def __init__(
        self, reader: nn.Module, views: Sequence[Callable[[Tensor], Tensor]], *, normalize: bool
    ) -> None:
        super().__init__()
        self.reader = reader
        self.views = list(views)
        self.normalize = normalize

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings, float32 (B, embedding_size)."""
        mean = torch.stack([self.reader(view(images)) for view in self.views]).mean(dim=0)
        return nn.functional.normalize(mean) if self.normalize else mean
