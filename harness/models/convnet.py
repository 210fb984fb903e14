"""Small trunks: a ConvNet for small images; an MLP and nothing at all for feature vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.errors import UserError
from harness.models.backbone import Trunk, require_image

WIDTHS = (16, 32, 64)
HIDDEN = 256


class SmallConvNet(Trunk):
    """Three 3x3 convolutions with batch norm and ReLU, halved twice, averaged over the image."""

    channelwise = True

    def __init__(self, channels: int, widths: tuple[int, int, int] = WIDTHS) -> None:
        super().__init__()
        first, second, third = widths
        self.layers = nn.Sequential(
            *_block(channels, first),
            nn.MaxPool2d(2),
            *_block(first, second),
            nn.MaxPool2d(2),
            *_block(second, third),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.feature_size = third
        # Twice as fast on a CPU, and the layout that tensor cores want on a GPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        features: Tensor = self.layers(inputs.contiguous(memory_format=torch.channels_last))
        return features


class StridedConvNet(Trunk):
    """Three 3x3 convolutions with batch norm and ReLU, the first two of stride 2, then the mean.

    Half the work of `SmallConvNet`: nothing is computed at the images' full size.
    """

    channelwise = True

    def __init__(self, channels: int, widths: tuple[int, int, int] = WIDTHS) -> None:
        super().__init__()
        first, second, third = widths
        self.layers = nn.Sequential(
            *_block(channels, first, stride=2),
            *_block(first, second, stride=2),
            *_block(second, third),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.feature_size = third
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        features: Tensor = self.layers(inputs.contiguous(memory_format=torch.channels_last))
        return features


class MLP(Trunk):
    """One hidden layer for feature vectors."""

    channelwise = True

    def __init__(self, inputs: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True)
        )
        self.feature_size = hidden

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        features: Tensor = self.layers(inputs)
        return features


class ResidualMLP(Trunk):
    """Frozen features plus a correction that is learned, zero before the first step."""

    channelwise = True

    def __init__(self, inputs: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.inner = nn.Linear(inputs, hidden)
        self.outer = nn.Linear(hidden, inputs)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)
        self.feature_size = inputs

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        corrected: Tensor = inputs + self.outer(nn.functional.gelu(self.inner(inputs)))
        return corrected


class Straight(Trunk):
    """Inputs as they are: the embedding is a linear map of them."""

    channelwise = True

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.feature_size = inputs

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the inputs, float32 (B, feature_size)."""
        return inputs


def _block(inputs: int, outputs: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def build_convnet(input_shape: tuple[int, ...]) -> Trunk:
    """Build the small ConvNet for images of shape (C, H, W)."""
    channels, _, _ = input_shape
    return SmallConvNet(channels)


def build_residual_mlp(input_shape: tuple[int, ...]) -> Trunk:
    """Build the residual MLP for vectors of shape (D,); UserError for images."""
    if len(input_shape) != 1:
        raise UserError(f"residual-mlp needs vectors, not images of shape {input_shape}")
    return ResidualMLP(input_shape[0])


def build_strided(input_shape: tuple[int, ...]) -> Trunk:
    """Build the strided ConvNet for images of shape (C, H, W)."""
    return StridedConvNet(require_image(input_shape))


def build_mlp(input_shape: tuple[int, ...]) -> Trunk:
    """Build the MLP for vectors of shape (D,)."""
    (size,) = input_shape
    return MLP(size)


def build_linear(input_shape: tuple[int, ...]) -> Trunk:
    """Build the trunk of a linear map, for vectors of shape (D,); UserError for images."""
    if len(input_shape) != 1:
        raise UserError(f"linear needs vectors, not images of shape {input_shape}")
    return Straight(input_shape[0])
