"""A folder of images, one folder a class; with train, val and test above them if it is split."""

from __future__ import annotations

import os
from pathlib import Path

from harness.data.dataset import Dataset
from harness.data.decoding import image_dataset
from harness.data.formats.images import SUFFIXES
from harness.data.formats.trees import Tree
from harness.data.own.parts import is_part, parts_of
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError


def load_folder(path: Path, *, size: int) -> Dataset:
    """Load a folder (or .zip, or .tar) of images: the folder an image lies in is its class.

    Where the top folders are named train, val and test, they are the dataset's own parts.
    UserError where there are no images, only one class, or a class folder without any.
    """
    if path.is_dir():
        _require_no_empty(path)
    return image_dataset(
        path.name,
        [path],
        folder_index,
        size=size,
        source=f"a person's own images: {path.name}",
        licence="the owner's",
    )


def folder_index(tree: Tree) -> ImageIndex:
    """Index the images of a tree by the folder that they lie in."""
    names = [name for name in tree.names if _is_image(name)]
    if not names:
        raise UserError(f"{tree.where}: holds no images (of {', '.join(sorted(SUFFIXES))})")
    alone = [name for name in names if "/" not in name]
    if alone:
        raise UserError(f"{tree.where}: {alone[0]} lies in no class's folder")
    # A single folder around all others, as archives have, says nothing.
    depth = _shared_depth(names)
    steps = [name.split("/")[depth:] for name in names]
    split = all(len(step) > 2 and is_part(step[0]) for step in steps)
    labels = coded("/".join(step[1 if split else 0 : -1]) for step in steps)
    if len(labels.names) < 2:
        raise UserError(f"{tree.where}: all {len(names)} images are of one class")
    codes = parts_of([step[0] for step in steps], tree.where)[0] if split else None
    return ImageIndex(
        names=tuple(names),
        labels=labels.values,
        class_names=labels.names,
        parts=codes,
    )


def _require_no_empty(folder: Path) -> None:
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if not folders and not any(map(_is_image, files)) and Path(place) != folder:
            name = Path(place).relative_to(folder).as_posix()
            raise UserError(f"{folder}: class folder {name} holds no images")


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith("__MACOSX/")


def _shared_depth(names: list[str]) -> int:
    depth = 0
    while len({name.split("/")[depth] for name in names}) == 1 and all(
        name.count("/") > depth + 1 for name in names
    ):
        depth += 1
    return depth
