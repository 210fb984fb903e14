"""Trunks as papers print them, so that their tables can be counted again."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from harness.errors import UserError
from harness.models.backbone import Trunk

HIDDEN = 256
DROPOUT = 0.5
SMALLEST_IMAGE = 27


class CovNetTrunk(Trunk):
    """The embedding network of CovNet (Kamal et al. 2023, Table 1) up to its last layer.

    3x3 convolutions that keep the size, with bias, ReLU before batch norm; three max-pools of 3;
    the mean over the image; a hidden layer. The paper's last layer, Dense(100, tanh), is the
    harness's embedding head, which is linear. `last` is the width of the last convolution.
    """

    def __init__(self, channels: int, last: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolved(channels, 64),
            nn.BatchNorm2d(64),
            *_convolved(64, 64),
            *_pooled(64),
            *_convolved(64, 128),
            nn.BatchNorm2d(128),
            *_convolved(128, 128),
            *_pooled(128),
            *_convolved(128, 256),
            nn.BatchNorm2d(256),
            *_convolved(256, 256),
            *_convolved(256, last),
            *_pooled(last),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(last, HIDDEN),
            nn.ReLU(inplace=True),
            nn.BatchNorm1d(HIDDEN),
            nn.Dropout(DROPOUT),
        )
        self.feature_size = HIDDEN

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, 256)."""
        features: Tensor = self.layers(inputs)
        return features


def covnet_cifar10(input_shape: tuple[int, ...]) -> Trunk:
    """Build the paper's network for CIFAR-10, for images of shape (C, H, W) of 27 pixels or more.

    Raises UserError for anything else.
    """
    return CovNetTrunk(_channels(input_shape), last=256)


def covnet_food11(input_shape: tuple[int, ...]) -> Trunk:
    """Build the paper's network for Food-11 and Colorectal: its last convolution is twice as wide.

    For images of shape (C, H, W) of 27 pixels or more; raises UserError for anything else.
    """
    return CovNetTrunk(_channels(input_shape), last=512)


def _channels(input_shape: tuple[int, ...]) -> int:
    if len(input_shape) != 3 or min(input_shape[1:]) < SMALLEST_IMAGE:
        raise UserError(
            f"CovNet's trunks need images of {SMALLEST_IMAGE}x{SMALLEST_IMAGE} pixels or more, "
            f"not inputs of shape {input_shape}"
        )
    return input_shape[0]


def _convolved(inputs: int, outputs: int) -> Iterator[nn.Module]:
    yield nn.Conv2d(inputs, outputs, 3, padding=1)
    yield nn.ReLU(inplace=True)


def _pooled(channels: int) -> Iterator[nn.Module]:
    yield nn.MaxPool2d(3)
    yield nn.BatchNorm2d(channels)
    yield nn.Dropout(DROPOUT)
