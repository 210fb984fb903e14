"""The smallest trunk there is."""

from __future__ import annotations

import math

from harness import Trunk
from torch import Tensor, nn

FEATURES = 16


class LinearTrunk(Trunk):
    """One linear layer on the inputs laid out as vectors."""

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.layer = nn.Linear(math.prod(input_shape), FEATURES, bias=False)
        self.feature_size = FEATURES

    def forward(self, inputs: Tensor) -> Tensor:
        """Features, float32 (B, 16)."""
        features: Tensor = self.layer(inputs.flatten(1))
        return features
