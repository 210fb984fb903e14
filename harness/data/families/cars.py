"""Cars196: a MATLAB table of images, boxes and classes, and the images."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.families.halves import class_halves
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, member, present
from harness.errors import UserError


def by_class(tree: Tree) -> ImageIndex:
    """Whole images; classes 1 to 98 train, 99 to 196 test."""
    return _index(tree, boxed=False, halves=True)


def by_class_boxed(tree: Tree) -> ImageIndex:
    """Images cut to the car; classes 1 to 98 train, 99 to 196 test."""
    return _index(tree, boxed=True, halves=True)


def by_image(tree: Tree) -> ImageIndex:
    """Whole images; the table's field `test` says which of each class test."""
    return _index(tree, boxed=False, halves=False)


def by_image_boxed(tree: Tree) -> ImageIndex:
    """Images cut to the car; the table's field `test` says which of each class test."""
    return _index(tree, boxed=True, halves=False)


def _index(tree: Tree, *, boxed: bool, halves: bool) -> ImageIndex:
    rows, class_names = _table(tree)
    labels = np.array([int(row["class"]) - 1 for row in rows], dtype=np.int64)
    split = np.array([TEST if int(row["test"]) else TRAIN for row in rows], dtype=np.int8)
    index = ImageIndex(
        names=tuple(str(row["relative_im_path"]) for row in rows),
        labels=labels,
        class_names=class_names,
        parts=class_halves(labels, len(class_names)) if halves else split,
        boxes=tuple(
            # MATLAB counts from one, and its right and bottom are inside.
            (
                int(row["bbox_x1"]) - 1,
                int(row["bbox_y1"]) - 1,
                int(row["bbox_x2"]),
                int(row["bbox_y2"]),
            )
            for row in rows
        )
        if boxed
        else None,
    )
    return present(index, tree)


def _table(tree: Tree) -> tuple[Any, tuple[str, ...]]:
    from scipy.io import loadmat

    name = member(tree, "cars_annos.mat")
    content = dict(tree.stream([name]))[name]
    try:
        table = loadmat(cast(Any, io.BytesIO(content)), squeeze_me=True)
        names = tuple(str(name) for name in table["class_names"])
        rows = table["annotations"]
        missing = set(_FIELDS) - set(rows.dtype.names)
    except (ValueError, TypeError, KeyError, OSError, NotImplementedError) as error:
        raise UserError(f"{tree.where}: cars_annos.mat is damaged ({error})") from error
    if missing:
        raise UserError(f"{tree.where}: cars_annos.mat lacks {', '.join(sorted(missing))}")
    return rows, names


_FIELDS = ("relative_im_path", "class", "test", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")
