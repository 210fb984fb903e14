"""ResNet-18 and ResNet-50 (He et al. 2016), under the names that torchvision and timm give.

Bottlenecks stride in their 3x3 convolution ("v1.5"), as both libraries do.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from harness.models.backbone import Trunk, require_image

Stem = Literal["imagenet", "cifar"]
WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return float32 (B, width, H / stride, W / stride)."""
        inner: Tensor = self.bn1(self.conv1(inputs)).relu_()
        inner = self.bn2(self.conv2(inner))
        shortcut = inputs if self.downsample is None else self.downsample(inputs)
        return inner.add_(shortcut).relu_()


class Bottleneck(nn.Module):
    """A 3x3 convolution between two of 1x1, and a shortcut; four times as wide at its ends."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = _conv(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return float32 (B, 4 * width, H / stride, W / stride)."""
        inner: Tensor = self.bn1(self.conv1(inputs)).relu_()
        inner = self.bn2(self.conv2(inner)).relu_()
        inner = self.bn3(self.conv3(inner))
        shortcut = inputs if self.downsample is None else self.downsample(inputs)
        return inner.add_(shortcut).relu_()


class ResNet(Trunk):
    """A stem, four stages of blocks, each but the first halving the image, and the mean over it.

    `stem`: `imagenet`: a 7x7 convolution and a max-pool that leave a quarter of each side;
    `cifar`: a 3x3 convolution that leaves it all, and no max-pool.
    """

    def __init__(
        self,
        channels: int,
        blocks: Sequence[int],
        block: type[BasicBlock | Bottleneck],
        *,
        stem: Stem = "imagenet",
    ) -> None:
        super().__init__()
        large = stem == "imagenet"
        self.conv1 = _conv(channels, WIDTHS[0], 7, 2) if large else _conv(channels, WIDTHS[0], 3)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if large else nn.Identity()
        ends = (WIDTHS[0], *(width * block.expansion for width in WIDTHS))
        stages = []
        for stage, (inputs, outputs) in enumerate(pairwise(ends)):
            strides = (1 if stage == 0 else 2, *(1 for _ in range(blocks[stage] - 1)))
            sizes = (inputs, *(outputs for _ in strides[1:]))
            members = [
                block(size, WIDTHS[stage], stride)
                for size, stride in zip(sizes, strides, strict=True)
            ]
            stages.append(nn.Sequential(*members))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.feature_size = ends[-1]
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, 512) or (B, 2048)."""
        maps: Tensor = self.bn1(self.conv1(inputs)).relu_()
        maps = self.layer4(self.layer3(self.layer2(self.layer1(self.maxpool(maps)))))
        return maps.mean(dim=(2, 3))


def build_resnet18(input_shape: tuple[int, ...]) -> Trunk:
    """ResNet-18 for images (C, H, W) of ImageNet's kind; UserError for other inputs."""
    return ResNet(require_image(input_shape), (2, 2, 2, 2), BasicBlock)


def build_resnet18_cifar(input_shape: tuple[int, ...]) -> Trunk:
    """ResNet-18 for small images (C, H, W): a 3x3 stem and no max-pool; UserError for others."""
    return ResNet(require_image(input_shape), (2, 2, 2, 2), BasicBlock, stem="cifar")


def build_resnet50(input_shape: tuple[int, ...]) -> Trunk:
    """ResNet-50 for images (C, H, W) of ImageNet's kind; UserError for other inputs."""
    return ResNet(require_image(input_shape), (3, 4, 6, 3), Bottleneck)


def _conv(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
