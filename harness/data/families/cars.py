"""Cars196: MATLAB tables of images, boxes and classes, and the images.

They were published twice: in one folder with one table, and as a development kit with a folder and
a table for each part. The images and classes are the same, their order and names are not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.families.halves import class_halves
from harness.data.formats.images import Box
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, member, present
from harness.errors import UserError

_PARTS = {TRAIN: "train", TEST: "test"}
_TABLES = {TRAIN: "cars_train_annos.mat", TEST: "cars_test_annos_withlabels.mat"}
_SHARED = ("class", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")


@dataclass(frozen=True)
class _Car:
    """One image: its name, class code, part and box."""

    name: str
    label: int
    part: int
    box: Box


def by_class(tree: Tree) -> ImageIndex:
    """Whole images; classes 1 to 98 train, 99 to 196 test."""
    return _index(tree, boxed=False, halves=True)


def by_class_boxed(tree: Tree) -> ImageIndex:
    """Images cut to the car; classes 1 to 98 train, 99 to 196 test."""
    return _index(tree, boxed=True, halves=True)


def by_image(tree: Tree) -> ImageIndex:
    """Whole images; the tables say which of each class test."""
    return _index(tree, boxed=False, halves=False)


def by_image_boxed(tree: Tree) -> ImageIndex:
    """Images cut to the car; the tables say which of each class test."""
    return _index(tree, boxed=True, halves=False)


def _index(tree: Tree, *, boxed: bool, halves: bool) -> ImageIndex:
    cars, class_names = _of_kit(tree) if _is_kit(tree) else _of_one_table(tree)
    labels = np.array([car.label for car in cars], dtype=np.int64)
    split = np.array([car.part for car in cars], dtype=np.int8)
    index = ImageIndex(
        names=tuple(car.name for car in cars),
        labels=labels,
        class_names=class_names,
        parts=class_halves(labels, len(class_names)) if halves else split,
        boxes=tuple(car.box for car in cars) if boxed else None,
    )
    return present(index, tree)


def _is_kit(tree: Tree) -> bool:
    one_folder = any(f"/{name}".rpartition("/")[0].endswith("/car_ims") for name in tree.names)
    return not one_folder and any(name.endswith(_TABLES[TRAIN]) for name in tree.names)


def _of_one_table(tree: Tree) -> tuple[list[_Car], tuple[str, ...]]:
    name = "cars_annos.mat"
    table = _read(tree, name, "annotations", "class_names")
    rows = _rows(tree, name, table, "relative_im_path", "test")
    cars = [
        _car(row, str(row["relative_im_path"]), TEST if int(row["test"]) else TRAIN) for row in rows
    ]
    return cars, _texts(table)


def _of_kit(tree: Tree) -> tuple[list[_Car], tuple[str, ...]]:
    """The training part's images, then the test part's, in the order of their tables."""
    cars = [
        _car(row, f"cars_{_PARTS[part]}/{row['fname']}", part)
        for part, name in _TABLES.items()
        for row in _rows(tree, name, _read(tree, name, "annotations"), "fname")
    ]
    return cars, _texts(_read(tree, "cars_meta.mat", "class_names"))


def _car(row: Any, name: str, part: int) -> _Car:
    left, top, right, bottom = (int(row[field]) for field in _SHARED[1:])
    # MATLAB counts from one, and its right and bottom are inside.
    return _Car(name, int(row["class"]) - 1, part, (left - 1, top - 1, right, bottom))


def _texts(table: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in table["class_names"])


def _rows(tree: Tree, name: str, table: Mapping[str, Any], *fields: str) -> Iterator[Any]:
    """The rows of a table's annotations; UserError naming the fields that they lack."""
    rows = table["annotations"]
    missing = {*_SHARED, *fields} - set(rows.dtype.names or ())
    if missing:
        raise UserError(f"{tree.where}: {name} lacks {', '.join(sorted(missing))}")
    return iter(rows)


def _read(tree: Tree, name: str, *variables: str) -> Mapping[str, Any]:
    from scipy.io import loadmat

    place = member(tree, name)
    content = dict(tree.stream([place]))[place]
    try:
        table: Mapping[str, Any] = loadmat(cast(Any, io.BytesIO(content)), squeeze_me=True)
        return {variable: table[variable] for variable in variables}
    except (ValueError, TypeError, KeyError, OSError, NotImplementedError) as error:
        raise UserError(f"{tree.where}: {name} is damaged ({error})") from error
