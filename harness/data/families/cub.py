"""CUB-200-2011: four text files, one line an image, and the images."""

from __future__ import annotations

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.families.halves import class_halves
from harness.data.formats.images import Box
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, present, text_lines
from harness.errors import UserError


def by_class(tree: Tree) -> ImageIndex:
    """Whole images; classes 1 to 100 train, 101 to 200 test."""
    return _index(tree, boxed=False, halves=True)


def by_class_boxed(tree: Tree) -> ImageIndex:
    """Images cut to the bird; classes 1 to 100 train, 101 to 200 test."""
    return _index(tree, boxed=True, halves=True)


def by_image(tree: Tree) -> ImageIndex:
    """Whole images; train_test_split.txt says which of each class train."""
    return _index(tree, boxed=False, halves=False)


def by_image_boxed(tree: Tree) -> ImageIndex:
    """Images cut to the bird; train_test_split.txt says which of each class train."""
    return _index(tree, boxed=True, halves=False)


def _index(tree: Tree, *, boxed: bool, halves: bool) -> ImageIndex:
    images, labels, classes, splits, boxes = (
        _numbered(tree, lines, name)
        for name, lines in zip(
            _FILES, text_lines(tree, *(f"{name}.txt" for name in _FILES)), strict=True
        )
    )
    if not set(images) == set(labels) == set(splits) == set(boxes):
        raise UserError(f"{tree.where}: its lists are not of the same images")
    numbers = sorted(images)
    codes = np.array([int(labels[number]) - 1 for number in numbers], dtype=np.int64)
    names = tuple(classes[number].partition(".")[2].replace("_", " ") for number in sorted(classes))
    split = np.array([TRAIN if splits[number] == "1" else TEST for number in numbers], np.int8)
    index = ImageIndex(
        names=tuple(f"images/{images[number]}" for number in numbers),
        labels=codes,
        class_names=names,
        parts=class_halves(codes, len(names)) if halves else split,
        boxes=tuple(_box(boxes[number]) for number in numbers) if boxed else None,
    )
    return present(index, tree)


_FILES = ("images", "image_class_labels", "classes", "train_test_split", "bounding_boxes")


def _numbered(tree: Tree, lines: list[str], name: str) -> dict[int, str]:
    """The lines `number text` of a file, by number."""
    try:
        pairs = [line.split(maxsplit=1) for line in lines]
        return {int(number): text.strip() for number, text in pairs}
    except ValueError as error:
        raise UserError(f"{tree.where}: {name}.txt has a line without number and text") from error


def _box(text: str) -> Box:
    left, top, width, height = (float(value) for value in text.split())
    return int(left), int(top), int(left + width), int(top + height)
