"""A linear layer whose weights stand at unit scale, whatever its width."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class EqualizedLinear(nn.Module):
    """x @ W.T / sqrt(inputs) + b, with W drawn from N(0, 1) and b = 0 (Karras et al., ICLR 2018).

    The function is that of an ordinary layer; its steps are not. A protocol's learning rate for
    an objective's parameters is meant for proxies, of about unit scale: here Adam moves each
    weight by that share of its scale, where it would overrun an ordinary layer's weights of
    1 / sqrt(inputs).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = 1 / math.sqrt(inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map float (B, inputs) to (B, outputs)."""
        return nn.functional.linear(inputs, self.gain * self.weight, self.bias)
