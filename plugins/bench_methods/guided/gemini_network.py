"""GEMINI: a stream of layers for each class and a component that all share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SMALLEST_IMAGE = 16
HIDDEN = 256


class Gemini(nn.Module):
    """The teacher network of Gonzalez-Zapata et al. (2022), in the form of the authors' code.

    `input_shape`: (C, H, W) for convolutional streams, (D,) for linear ones.
    """

    def __init__(self, input_shape: tuple[int, ...], classes: int, embedding_size: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList([_stream(input_shape) for _ in range(classes)])
        with torch.no_grad():
            local = self.streams[0](torch.zeros(1, *input_shape)).shape[1]
        self.shared = nn.Sequential(
            nn.Linear(local, HIDDEN),
            nn.PReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.PReLU(),
            nn.Linear(HIDDEN, embedding_size),
        )

    def local(self, inputs: Tensor, label: int) -> Tensor:
        """f_k: what the stream of one class gives for inputs of that class, float32 (B, L)."""
        outputs: Tensor = self.streams[label](inputs)
        return outputs

    def embed(self, local: Tensor) -> Tensor:
        """g: embeddings of what a stream gave, float32 (B, embedding_size), not normalised."""
        outputs: Tensor = self.shared(local)
        return outputs


def _stream(input_shape: tuple[int, ...]) -> nn.Module:
    if len(input_shape) == 1:
        return nn.Sequential(
            nn.Linear(input_shape[0], HIDDEN), nn.PReLU(), nn.Linear(HIDDEN, HIDDEN), nn.PReLU()
        )
    channels, height, width = input_shape
    rows, columns = max(SMALLEST_IMAGE - height, 0), max(SMALLEST_IMAGE - width, 0)
    return nn.Sequential(
        nn.ZeroPad2d((columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)),
        nn.Conv2d(channels, 32, 5),
        nn.PReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5),
        nn.PReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
