"""Food-11: three folders, and the class in each image's name."""

from __future__ import annotations

import re

import numpy as np

from harness.data.dataset import TEST, TRAIN, VALIDATION
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex
from harness.errors import UserError

_PARTS = {"training": TRAIN, "validation": VALIDATION, "evaluation": TEST}
_IMAGE = re.compile(r"(?:.*/)?(training|validation|evaluation)/(\d+)_\d+\.jpg")
_CLASSES = (
    *("Bread", "Dairy product", "Dessert", "Egg", "Fried food", "Meat"),
    *("Noodles/Pasta", "Rice", "Seafood", "Soup", "Vegetable/Fruit"),
)


def by_folder(tree: Tree) -> ImageIndex:
    """The folders training, validation and evaluation are its parts."""
    found = [match for match in map(_IMAGE.fullmatch, tree.names) if match]
    strange = [match[0] for match in found if int(match[2]) >= len(_CLASSES)]
    if not found:
        raise UserError(f"{tree.where}: holds no images named like training/0_0.jpg")
    if strange:
        raise UserError(f"{tree.where}: {strange[0]} is of no class of Food-11")
    return ImageIndex(
        names=tuple(match[0] for match in found),
        labels=np.array([int(match[2]) for match in found], dtype=np.int64),
        class_names=_CLASSES,
        parts=np.array([_PARTS[match[1]] for match in found], dtype=np.int8),
    )
