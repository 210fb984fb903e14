"""SoftTriple's regulariser: how far the centres of a class lie from each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CenterSpread(nn.Module):
    """Half the mean distance between the normalised centres of a class (Qian et al. 2019).

    pytorch-metric-learning's `SparseCentersRegularizer` adds 1e-38 under the root where the authors
    add 1e-5: its gradient overflows once two centres meet, which is what the term is for. It also
    compares each centre with those of all other classes; here a class sees only its own.
    """

    def __init__(self, classes: int, centers_per_class: int) -> None:
        super().__init__()
        self.classes = classes
        self.centers_per_class = centers_per_class

    def forward(self, centers: Tensor) -> Tensor:
        """Spread of centers, float (classes * centers_per_class, D), grouped by class; a scalar."""
        own = nn.functional.normalize(centers, dim=1).view(self.classes, self.centers_per_class, -1)
        first, second = torch.triu_indices(
            self.centers_per_class, self.centers_per_class, offset=1, device=centers.device
        )
        cosines = (own @ own.transpose(1, 2))[:, first, second]
        return torch.sqrt((2.0 + 1e-5 - 2.0 * cosines).clamp_min(0)).mean() / 2
