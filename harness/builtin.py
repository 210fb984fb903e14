"""The core's own plugin: its datasets and backbones come in by the door that others use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl
from harness.extension import BackboneSource, DatasetSource

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.models.trunk import Trunk


def _glyphs() -> Dataset:
    from harness.data.embedded.glyphs import load_glyphs

    return load_glyphs()


def _digits() -> Dataset:
    from harness.data.embedded.digits import load_digits

    return load_digits()


def _convnet(input_shape: tuple[int, ...]) -> Trunk:
    from harness.models.convnet import build_convnet

    return build_convnet(input_shape)


def _mlp(input_shape: tuple[int, ...]) -> Trunk:
    from harness.models.convnet import build_mlp

    return build_mlp(input_shape)


@hookimpl
def bench_datasets() -> list[DatasetSource]:
    """The embedded datasets."""
    return [
        DatasetSource(
            name="glyphs",
            load=_glyphs,
            summary="letters and digits, a class each, in sixteen typefaces; 28x28 grey",
        ),
        DatasetSource(
            name="digits",
            load=_digits,
            summary="scikit-learn's handwritten digits; 8x8 grey, ten classes",
        ),
    ]


@hookimpl
def bench_backbones() -> list[BackboneSource]:
    """The small trunks."""
    return [
        BackboneSource(
            name="convnet-small", build=_convnet, summary="three convolutions, for small images"
        ),
        BackboneSource(name="mlp", build=_mlp, summary="one hidden layer, for feature vectors"),
    ]
