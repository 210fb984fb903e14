"""In-Shop Clothes Retrieval of DeepFashion: one list, and the images."""

from __future__ import annotations

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded, present, text_lines
from harness.errors import UserError

_ROLES = ("train", "query", "gallery")


def by_item(tree: Tree) -> ImageIndex:
    """Items of `train` train, the others test; attributes role and kind of clothing."""
    (lines,) = text_lines(tree, "list_eval_partition.txt")
    rows = [line.split() for line in lines[2:]]
    if any(len(row) != 3 or row[2] not in _ROLES for row in rows):
        raise UserError(f"{tree.where}: a line of list_eval_partition.txt is not image, item, role")
    items = coded(row[1] for row in rows)
    index = ImageIndex(
        names=tuple(row[0] for row in rows),
        labels=items.values,
        class_names=items.names,
        parts=np.array([TRAIN if row[2] == "train" else TEST for row in rows], dtype=np.int8),
        attributes={
            "role": coded(row[2] for row in rows),
            "clothing": coded("/".join(row[0].split("/")[1:3]) for row in rows),
        },
    )
    return present(index, tree)
