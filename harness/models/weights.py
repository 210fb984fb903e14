"""The weights that a trunk starts from: random ones, or those that it offers by name."""

from __future__ import annotations

from collections.abc import Callable

import torch

from harness.data.dataset import Dataset
from harness.data.parts import Standardisation
from harness.errors import UserError
from harness.extension import BackboneSource, PretrainedWeights
from harness.models.backbone import Trunk
from harness.registry import Reference
from harness.registry.asking import ask


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
    return Standardisation(
        torch.tensor(weights.mean).view(-1, 1, 1),
        torch.tensor(weights.std).view(-1, 1, 1),
        reverse_channels=weights.channels == "bgr",
    )
