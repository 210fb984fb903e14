"""`Embedder`: raw inputs in, embeddings out, as the run that it is from embedded them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.artifacts import Arrays
from harness.data.dataset import MappedArray
from harness.data.parts import LazyInputs, Standardisation
from harness.embedder.files import read_embedder
from harness.embedder.recipe import Recipe
from harness.errors import UserError
from harness.method.objective import Readout
from harness.models.backbone import MeanOfViews, build_backbone
from harness.registry import core_registry, load_registry
from harness.training.embedding import ReadBackbone, embed_inputs

if TYPE_CHECKING:
    from harness.models.backbone import Trunk


class Embedder:
    """A function from raw inputs to embeddings; made by `load_embedder`.

    `inputs`: the shape of one raw input. `recipe`: what it is and where it is from; None for a
    pretrained trunk of no run.
    """

    def __init__(
        self,
        reader: nn.Module,
        prepare: Callable[[Tensor], Tensor],
        inputs: Sequence[int],
        *,
        recipe: Recipe | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.inputs = tuple(inputs)
        self.recipe = recipe
        self.reader = reader.eval()
        self.prepare = prepare
        self.device = device or torch.device("cpu")

    def __repr__(self) -> str:
        what = "a trunk" if self.recipe is None else f"{self.recipe.method} (run {self.recipe.run})"
        return f"<Embedder of {'x'.join(map(str, self.inputs))}: {what}>"

    def __call__(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Embed raw inputs: uint8 (N, C, H, W) or float32 (N, D), to float32 (N, embedding size).

        Batches are those that runs embed in, so that the same rows give the same bits on the same
        machine with the same threads. Raises UserError for inputs of another shape or type.
        """
        kind = np.uint8 if len(self.inputs) == 3 else np.float32
        if inputs.dtype != kind or tuple(inputs.shape[1:]) != self.inputs:
            wanted = ", ".join(map(str, self.inputs))
            raise UserError(
                f"this embedder takes {np.dtype(kind)} (N, {wanted}), not {inputs.dtype} "
                f"{inputs.shape}"
            )
        if not len(inputs):
            raise UserError("there is nothing to embed: the inputs have no rows")
        rows: Tensor | LazyInputs
        if isinstance(inputs, MappedArray):
            rows = LazyInputs(inputs, np.arange(len(inputs)), self.device)
        else:
            rows = torch.tensor(np.asarray(inputs)).to(self.device)
        return embed_inputs(self.reader, rows, self.prepare)


def load_embedder(
    path: Path | str, *, plugins: Sequence[Path | str] = (), device: str = "cpu"
) -> Embedder:
    """Load what `bench export` wrote; no plugin's code runs, unless the trunk is a plugin's.

    `plugins`: files of uninstalled plugins that have the trunk. Raises UserError where the file is
    no embedder, is damaged, or its trunk is not here.
    """
    return embedder_of(*read_embedder(Path(path)), plugins=plugins, device=device, where=str(path))


def embedder_of(
    recipe: Recipe,
    tensors: Arrays,
    *,
    plugins: Sequence[Path | str] = (),
    device: str = "cpu",
    where: str,
) -> Embedder:
    """Build the network of a recipe and put its numbers in; UserError where they do not fit."""
    foreign = recipe.trunk or plugins
    registry = load_registry([Path(file) for file in plugins]) if foreign else core_registry()
    build: Callable[[tuple[int, ...]], Trunk] = registry.backbone(recipe.backbone.name).item.build
    backbone = build_backbone(
        build, recipe.backbone, recipe.trunk_inputs, fold=0, seed=0, members=recipe.members
    )
    given = {name: torch.tensor(array) for name, array in tensors.items()}
    try:
        mean, std = given.pop("mean"), given.pop("std")
        matrix, offset = given.pop("readout.matrix", None), given.pop("readout.offset", None)
        held = backbone.state_dict()
        shaped = {
            # safetensors of numpy has no array without axes.
            name: value.reshape(held[name].shape) if name in held else value
            for name, value in given.items()
        }
        backbone.load_state_dict(shaped)
    except (KeyError, RuntimeError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise UserError(
            f"{where}: its weights are not those of trunk '{recipe.backbone.name}' here: {first}"
        ) from None
    on = torch.device(device)
    backbone.to(on)
    reader: nn.Module = backbone
    if matrix is not None and recipe.readout is not None:
        reader = ReadBackbone(backbone, Readout(matrix=matrix, offset=offset, of=recipe.readout))
    numbers = Standardisation(mean, std, reverse_channels=recipe.reverse_channels).to(on)
    return _viewing(reader, numbers, recipe, on)


def _viewing(
    reader: nn.Module, numbers: Standardisation, recipe: Recipe, device: torch.device
) -> Embedder:
    if not recipe.mean:
        prepare = replace(numbers, window=recipe.views[0])
        return Embedder(reader, prepare, recipe.inputs, recipe=recipe, device=device)
    shown = [numbers.through(window) for window in recipe.views]
    several = MeanOfViews(reader, shown, normalize=recipe.backbone.normalize)
    return Embedder(several, _raw, recipe.inputs, recipe=recipe, device=device)


def _raw(inputs: Tensor) -> Tensor:
    return inputs
