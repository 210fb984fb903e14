"""ResNets under the names of torchvision and timm, which give the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness.errors import UserError
from harness.models.backbone import Trunk
from harness.models.pretrained import put_weights
from harness.models.resnet import build_resnet18, build_resnet18_cifar, build_resnet50

SHAPE = (3, 32, 32)
BUILDERS = {"resnet18": build_resnet18, "resnet50": build_resnet50}
# As published for 1,000 classes, with the classifier.
PARAMETERS = {"resnet18": 11_689_512, "resnet50": 25_557_032}
# A choice of torchvision's and timm's names, and their shapes.
NAMES = {
    "resnet18": {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.running_mean": (64,),
        "layer1.0.conv1.weight": (64, 64, 3, 3),
        "layer1.1.bn2.weight": (64,),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer2.0.downsample.1.running_var": (128,),
        "layer3.0.conv1.weight": (256, 128, 3, 3),
        "layer4.1.conv2.weight": (512, 512, 3, 3),
        "layer4.1.bn2.num_batches_tracked": (),
    },
    "resnet50": {
        "layer1.0.conv1.weight": (64, 64, 1, 1),
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer2.3.conv2.weight": (128, 128, 3, 3),
        "layer3.5.bn3.bias": (1024,),
        "layer4.0.downsample.0.weight": (2048, 1024, 1, 1),
        "layer4.2.conv3.weight": (2048, 512, 1, 1),
    },
}
ENTRIES = {"resnet18": 122, "resnet50": 320}


def parameters(trunk: Trunk) -> int:
    return sum(parameter.numel() for parameter in trunk.parameters())


@pytest.fixture(scope="module")
def torchvision() -> Any:
    """torchvision's networks, where it is there and fits torch."""
    try:
        import torchvision.models
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no torchvision: {error}")
    return torchvision.models


@pytest.mark.parametrize("name", BUILDERS)
def test_it_has_as_many_parameters_as_published(name: str) -> None:
    trunk = BUILDERS[name](SHAPE)
    assert parameters(trunk) + 1000 * (trunk.feature_size + 1) == PARAMETERS[name]


@pytest.mark.parametrize("name", BUILDERS)
def test_its_names_and_shapes_are_those_of_the_libraries(name: str) -> None:
    state = {key: tuple(value.shape) for key, value in BUILDERS[name](SHAPE).state_dict().items()}
    assert {key: state.get(key) for key in NAMES[name]} == NAMES[name]
    # The libraries have two more, the classifier's.
    assert len(state) == ENTRIES[name] - 2


def test_the_form_for_small_images_differs_in_its_stem_alone() -> None:
    small, large = build_resnet18_cifar(SHAPE), build_resnet18(SHAPE)
    shapes = [{k: tuple(v.shape) for k, v in t.state_dict().items()} for t in (small, large)]
    assert shapes[0].pop("conv1.weight") == (64, 3, 3, 3)
    assert shapes[1].pop("conv1.weight") == (64, 3, 7, 7)
    assert shapes[0] == shapes[1]


def test_the_form_for_small_images_keeps_every_pixel_until_its_second_stage() -> None:
    trunk = build_resnet18_cifar((1, 8, 8)).eval()
    stem = nn.Sequential(trunk.conv1, trunk.bn1, trunk.maxpool, trunk.layer1)
    assert stem(torch.rand(1, 1, 8, 8)).shape == (1, 64, 8, 8)
    assert trunk.layer2(stem(torch.rand(1, 1, 8, 8))).shape == (1, 128, 4, 4)


def test_the_form_of_imagenet_leaves_a_quarter_of_each_side() -> None:
    trunk = build_resnet18(SHAPE).eval()
    stem = nn.Sequential(trunk.conv1, trunk.bn1, nn.ReLU(), trunk.maxpool)
    assert stem(torch.rand(1, 3, 32, 32)).shape == (1, 64, 8, 8)


@pytest.mark.parametrize("name", BUILDERS)
def test_it_gives_torchvisions_numbers_from_torchvisions_weights(
    name: str, torchvision: Any
) -> None:
    torch.manual_seed(0)
    theirs = getattr(torchvision, name)()
    for key, value in theirs.state_dict().items():
        if key.endswith(("running_mean", "bias")):
            value.normal_(0, 0.1)
        elif key.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    ours = BUILDERS[name](SHAPE).eval()
    put_weights(ours, theirs.state_dict(), classifier=("fc.",))
    theirs.fc = nn.Identity()
    images = torch.rand(2, *SHAPE)
    torch.testing.assert_close(ours(images), theirs.eval()(images), rtol=1e-3, atol=1e-3)


def test_vectors_are_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="needs images, not vectors of 5 numbers"):
        build_resnet18((5,))
