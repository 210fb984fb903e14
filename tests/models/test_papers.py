"""Trunks of papers: the counts their tables print, and the inputs they take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from harness.errors import UserError
from harness.models.backbone import Backbone, Trunk
from harness.models.papers import covnet_cifar10, covnet_food11

Build = Callable[[tuple[int, ...]], Trunk]
BUILDERS = (covnet_cifar10, covnet_food11)


@pytest.mark.parametrize(
    ("build", "shape", "parameters"),
    [(covnet_cifar10, (3, 32, 32), 1_829_284), (covnet_food11, (3, 128, 128), 2_485_412)],
)
def test_with_an_embedding_of_100_the_parameters_are_those_the_paper_prints(
    build: Build, shape: tuple[int, ...], parameters: int
) -> None:
    backbone = Backbone(build(shape), 100, normalize=True)
    assert sum(weight.numel() for weight in backbone.parameters()) == parameters


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("shape", [(1, 27, 27), (3, 32, 32), (3, 40, 31)])
def test_a_trunk_gives_features_as_wide_as_it_says(build: Build, shape: tuple[int, ...]) -> None:
    trunk = build(shape)
    assert trunk(torch.rand(2, *shape)).shape == (2, trunk.feature_size)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("shape", [(1, 26, 27), (1, 28, 8), (24,)])
def test_inputs_that_the_pooling_would_use_up_are_refused(
    build: Build, shape: tuple[int, ...]
) -> None:
    with pytest.raises(UserError, match="27x27 pixels"):
        build(shape)


def test_the_order_of_layers_is_the_papers() -> None:
    layers = [type(layer).__name__ for layer in covnet_cifar10((3, 32, 32)).modules()][2:]
    convolution = ["Conv2d", "ReLU"]
    pooling = ["MaxPool2d", "BatchNorm2d", "Dropout"]
    block = [*convolution, "BatchNorm2d", *convolution]
    tail = ["AdaptiveAvgPool2d", "Flatten", "Linear", "ReLU", "BatchNorm1d", "Dropout"]
    blocks = [*block, *pooling, *block, *pooling, *block, *convolution, *pooling]
    assert layers == [*blocks, *tail]


def test_all_of_the_image_is_seen() -> None:
    trunk = covnet_cifar10((1, 27, 27)).eval()
    image = torch.rand(1, 1, 27, 27, requires_grad=True)
    trunk(image).sum().backward()
    assert image.grad is not None
    assert image.grad[0, 0, :, 0].any()
    assert image.grad[0, 0, -1].any()


def test_dropout_is_off_where_embeddings_are_scored() -> None:
    trunk: nn.Module = covnet_cifar10((1, 27, 27)).eval()
    image = torch.rand(2, 1, 27, 27)
    assert torch.equal(trunk(image), trunk(image))
