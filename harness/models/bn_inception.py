"""BN-Inception (Ioffe and Szegedy 2015), under the names of its ImageNet weights.

The weights were converted from Caffe to PyTorch by Cadene's pretrained-models.pytorch, whose
names are kept: convolutions have biases, and each has its batch norm as NAME_bn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.models.backbone import Trunk, require_image

FEATURES = 1024


class Module(NamedTuple):
    """The widths of one inception module.

    `single` and `double`: of the branches with one and two 3x3 convolutions, the reduction first.
    Without `direct` and `pooled` the module halves the image and passes its maximum on.
    `maximum`: whether its pooled branch takes the maximum and not the mean.
    """

    single: tuple[int, int]
    double: tuple[int, int]
    direct: int = 0
    pooled: int = 0
    maximum: bool = False


MODULES = {
    "inception_3a": Module((64, 64), (64, 96), 64, 32),
    "inception_3b": Module((64, 96), (64, 96), 64, 64),
    "inception_3c": Module((128, 160), (64, 96)),
    "inception_4a": Module((64, 96), (96, 128), 224, 128),
    "inception_4b": Module((96, 128), (96, 128), 192, 128),
    "inception_4c": Module((128, 160), (128, 160), 160, 128),
    "inception_4d": Module((128, 192), (160, 192), 96, 128),
    "inception_4e": Module((128, 192), (192, 256)),
    "inception_5a": Module((192, 320), (160, 224), 352, 128),
    "inception_5b": Module((192, 320), (192, 224), 352, 128, maximum=True),
}


class BNInception(Trunk):
    """A stem of three convolutions and ten inception modules, and the mean over the image."""

    feature_size = FEATURES

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._convolve("conv1_7x7_s2", channels, 64, 7, 2)
        self._convolve("conv2_3x3_reduce", 64, 64, 1)
        self._convolve("conv2_3x3", 64, 192, 3)
        inputs = 192
        for name, module in MODULES.items():
            inputs = self._add_module(name, module, inputs)
        # Caffe rounds the sides of pooled images up.
        self.halve = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.mean = nn.AvgPool2d(3, 1, padding=1)
        self.maximum = nn.MaxPool2d(3, 1, padding=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, 1024)."""
        maps: Tensor = self.halve(self._apply_to(inputs, "conv1_7x7_s2"))
        maps = self.halve(self._apply_to(maps, "conv2_3x3_reduce", "conv2_3x3"))
        for name, module in MODULES.items():
            maps = torch.cat(list(self._branches(maps, name, module)), dim=1)
        return maps.mean(dim=(2, 3))

    def _convolve(self, name: str, inputs: int, outputs: int, side: int, stride: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        self.add_module(name, convolution)
        self.add_module(f"{name}_bn", nn.BatchNorm2d(outputs))

    def _add_module(self, name: str, module: Module, inputs: int) -> int:
        """Add the convolutions of a module; return how many maps it gives."""
        stride = 1 if module.direct else 2
        if module.direct:
            self._convolve(f"{name}_1x1", inputs, module.direct, 1)
        reduced, single = module.single
        self._convolve(f"{name}_3x3_reduce", inputs, reduced, 1)
        self._convolve(f"{name}_3x3", reduced, single, 3, stride)
        reduced, double = module.double
        self._convolve(f"{name}_double_3x3_reduce", inputs, reduced, 1)
        self._convolve(f"{name}_double_3x3_1", reduced, double, 3)
        self._convolve(f"{name}_double_3x3_2", double, double, 3, stride)
        if module.pooled:
            self._convolve(f"{name}_pool_proj", inputs, module.pooled, 1)
        return module.direct + single + double + (module.pooled or inputs)

    def _branches(self, maps: Tensor, name: str, module: Module) -> Iterator[Tensor]:
        if module.direct:
            yield self._apply_to(maps, f"{name}_1x1")
        yield self._apply_to(maps, f"{name}_3x3_reduce", f"{name}_3x3")
        double = f"{name}_double_3x3"
        yield self._apply_to(maps, f"{double}_reduce", f"{double}_1", f"{double}_2")
        if module.pooled:
            pool = self.maximum if module.maximum else self.mean
            yield self._apply_to(pool(maps), f"{name}_pool_proj")
        else:
            yield self.halve(maps)

    def _apply_to(self, maps: Tensor, *names: str) -> Tensor:
        """Convolution, batch norm and ReLU, by name, one after the other."""
        for name in names:
            convolved = self.get_submodule(name)(maps)
            maps = self.get_submodule(f"{name}_bn")(convolved).relu_()
        return maps


def build_bn_inception(input_shape: tuple[int, ...]) -> Trunk:
    """BN-Inception for images (C, H, W); UserError for other inputs."""
    return BNInception(require_image(input_shape))
