"""What a run leaves of its embedder among its arrays, and finding it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from torch import nn

from harness.artifacts import Arrays
from harness.data.augmentation import scored_windows
from harness.embedder.files import recipe_of
from harness.embedder.recipe import Recipe
from harness.errors import UserError
from harness.training.embedding import ReadBackbone

if TYPE_CHECKING:
    from harness.data.parts import Vault
    from harness.execution.executor import Bench
    from harness.method import Method
    from harness.models.backbone import Backbone
    from harness.protocol import Protocol
    from harness.record import Identity

_PREFIX = "embedder."
_RECIPE = f"{_PREFIX}recipe"


def require_alone(rules: Protocol) -> None:
    """UserError where an input's embedding depends on what else is in its batch."""
    if rules.quirks is not None and rules.quirks.test_batches:
        raise UserError(
            f"protocol '{rules.name}' embeds in training mode (quirks.test_batches): an embedding "
            "depends on its batch there, and there is no embedder to keep"
        )


def kept(
    identity: Identity, method: Method, reader: nn.Module, vault: Vault, bench: Bench
) -> Arrays:
    """The embedder of a run as arrays: its numbers, and its recipe as the bytes of JSON.

    `reader`: the backbone as it was scored, or what reads it.
    """
    rules = bench.protocol
    require_alone(rules)
    backbone, readout = _apart(reader)
    numbers = vault.standardise
    several = rules.test_views is not None and vault.is_images
    views = (
        tuple(scored_windows(rules.augmentation, rules.test_views))
        if several and rules.test_views is not None
        else (numbers.window,)
    )
    recipe = Recipe(
        run=identity.run_id,
        method=identity.method,
        protocol=identity.protocol,
        dataset=identity.dataset,
        dataset_digest=identity.dataset_digest,
        inputs=tuple(bench.dataset.inputs.shape[1:]),
        trunk_inputs=backbone.input_shape,
        backbone=rules.backbone,
        trunk=identity.trunk,
        members=backbone.members,
        views=views,
        mean=several,
        reverse_channels=numbers.reverse_channels,
        readout=None if readout is None else readout.of,
        distance=rules.distance_for(method.comparison),
    )
    tensors = {**backbone.state_dict(), "mean": numbers.mean, "std": numbers.std}
    if readout is not None:
        tensors["readout.matrix"] = readout.matrix
        if readout.offset is not None:
            tensors["readout.offset"] = readout.offset
    arrays = {f"{_PREFIX}{name}": value.cpu().numpy() for name, value in tensors.items()}
    text = recipe.model_dump_json().encode()
    return {**arrays, _RECIPE: np.frombuffer(text, dtype=np.uint8)}


def _apart(reader: nn.Module) -> tuple[Backbone, ReadBackbone | None]:
    from harness.models.backbone import Backbone

    if isinstance(reader, ReadBackbone):
        return reader.backbone, reader
    assert isinstance(reader, Backbone)
    return reader, None


def kept_in(arrays: Arrays, where: str) -> tuple[Recipe, dict[str, npt.NDArray[Any]]] | None:
    """The recipe and the numbers that a run left among its arrays; None if it left none."""
    if _RECIPE not in arrays:
        return None
    return recipe_of(arrays[_RECIPE].tobytes(), where), dict(_numbers(arrays))


def _numbers(
    arrays: Arrays,
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name, array in arrays.items():
        if name.startswith(_PREFIX) and name != _RECIPE:
            yield name.removeprefix(_PREFIX), array
