"""The file of an embedder: safetensors, its recipe in the header."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from harness.artifacts import write_whole
from harness.embedder.recipe import Recipe
from harness.errors import UserError, unreadable

_KEY = "metric-learning-bench embedder"


def write_embedder(path: Path, recipe: Recipe, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an embedder as a whole or not at all; UserError where that cannot be."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    content = save(arrays, metadata={_KEY: recipe.model_dump_json()})
    try:
        write_whole(path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def read_embedder(path: Path) -> tuple[Recipe, dict[str, npt.NDArray[Any]]]:
    """The recipe and the numbers of an embedder; UserError for a file that is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise unreadable(path, "safetensors", error) from error
    if _KEY not in header:
        raise UserError(f"{path}: is no embedder of `bench export`: it names no recipe")
    return recipe_of(header[_KEY], str(path)), tensors


def recipe_of(text: str | bytes, where: str) -> Recipe:
    """A recipe from JSON; UserError for one that is not understood here."""
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{where}: its recipe is not understood: {place}: {first['msg']}") from None
