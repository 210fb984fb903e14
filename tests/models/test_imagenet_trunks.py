"""BN-Inception and EfficientNet-Lite0: the names, shapes and counts of their published weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from harness.models.backbone import Trunk
from harness.models.bn_inception import build_bn_inception
from harness.models.efficientnet_lite import SamePadded, build_efficientnet_lite0

SHAPE = (3, 32, 32)
BUILDERS: dict[str, Callable[[tuple[int, ...]], Trunk]] = {
    "bn-inception": build_bn_inception,
    "efficientnet-lite0": build_efficientnet_lite0,
}
# As published for 1,000 classes, with the classifier.
PARAMETERS = {"bn-inception": 11_295_240, "efficientnet-lite0": 4_652_008}
FEATURES = {"bn-inception": 1024, "efficientnet-lite0": 1280}
# A choice of the names in bn_inception-52deb4733.pth and efficientnet-lite0-57934424.pth.
NAMES = {
    "bn-inception": {
        "conv1_7x7_s2.weight": (64, 3, 7, 7),
        "conv1_7x7_s2.bias": (64,),
        "conv1_7x7_s2_bn.running_mean": (64,),
        "conv2_3x3_reduce.weight": (64, 64, 1, 1),
        "conv2_3x3.weight": (192, 64, 3, 3),
        "inception_3a_pool_proj.weight": (32, 192, 1, 1),
        "inception_3c_double_3x3_2.weight": (96, 96, 3, 3),
        "inception_4a_1x1.weight": (224, 576, 1, 1),
        "inception_4d_3x3_reduce.weight": (128, 608, 1, 1),
        "inception_4e_double_3x3_1_bn.weight": (256,),
        "inception_5a_1x1.weight": (352, 1056, 1, 1),
        "inception_5b_double_3x3_reduce.weight": (192, 1024, 1, 1),
    },
    "efficientnet-lite0": {
        "_conv_stem.weight": (32, 3, 3, 3),
        "_bn0.running_var": (32,),
        "_blocks.0._depthwise_conv.weight": (32, 1, 3, 3),
        "_blocks.0._project_conv.weight": (16, 32, 1, 1),
        "_blocks.3._depthwise_conv.weight": (144, 1, 5, 5),
        "_blocks.8._project_conv.weight": (112, 480, 1, 1),
        "_blocks.15._bn2.weight": (320,),
        "_conv_head.weight": (1280, 320, 1, 1),
        "_bn1.bias": (1280,),
    },
}


@pytest.mark.parametrize("name", BUILDERS)
def test_it_has_as_many_parameters_as_published(name: str) -> None:
    trunk = BUILDERS[name](SHAPE)
    own = sum(parameter.numel() for parameter in trunk.parameters())
    assert own + 1000 * (trunk.feature_size + 1) == PARAMETERS[name]


@pytest.mark.parametrize("name", BUILDERS)
def test_its_names_and_shapes_are_those_of_its_weights(name: str) -> None:
    state = {key: tuple(value.shape) for key, value in BUILDERS[name](SHAPE).state_dict().items()}
    assert {key: state.get(key) for key in NAMES[name]} == NAMES[name]


@pytest.mark.parametrize("name", BUILDERS)
def test_it_gives_features_as_wide_as_it_says(name: str) -> None:
    trunk = BUILDERS[name](SHAPE).eval()
    features = trunk(torch.rand(2, *SHAPE))
    assert features.shape == (2, trunk.feature_size)
    assert trunk.feature_size == FEATURES[name]
    assert torch.isfinite(features).all()


@pytest.mark.parametrize("name", BUILDERS)
def test_every_weight_gets_a_gradient(name: str) -> None:
    trunk = BUILDERS[name]((1, 32, 32))
    trunk(torch.rand(4, 1, 32, 32)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in trunk.parameters())


def test_the_sides_of_pooled_images_are_rounded_up_as_in_caffe() -> None:
    trunk = build_bn_inception(SHAPE)
    assert trunk.halve(torch.rand(1, 1, 112, 112)).shape == (1, 1, 56, 56)
    assert trunk.halve(torch.rand(1, 1, 113, 113)).shape == (1, 1, 56, 56)
    assert trunk.halve(torch.rand(1, 1, 114, 114)).shape == (1, 1, 57, 57)


def test_padding_is_tensorflows() -> None:
    """Of an even side and a stride of 2 one pixel is needed: it is added at the end."""
    convolution = SamePadded(1, 1, 3, 2, bias=False)
    nn.init.zeros_(convolution.weight)
    with torch.no_grad():
        convolution.weight[0, 0, 0, 0] = 1  # reads the pixel at the upper left of each place
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert convolution(image)[0, 0].tolist() == [[0.0, 2.0], [8.0, 10.0]]


@pytest.mark.parametrize(("side", "kernel"), [(7, 3), (8, 5), (9, 5)])
def test_strides_round_sides_up(side: int, kernel: int) -> None:
    convolution = SamePadded(1, 1, kernel, 2, bias=False)
    assert convolution(torch.rand(1, 1, side, side)).shape[2:] == (-(-side // 2),) * 2
