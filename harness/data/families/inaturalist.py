"""iNaturalist 2018: images in a tar, annotations in JSON, classes split by later lists."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded, member, present, text_lines
from harness.errors import UserError


def by_class(tree: Tree) -> ImageIndex:
    """The two lists of Smooth-AP: species to train with and others to test with."""
    species, _ = _annotations(tree)
    trained, tested = text_lines(tree, "Inaturalist_train_set1.txt", "Inaturalist_test_set1.txt")
    names = [line.strip() for line in (*trained, *tested)]
    strange = [name for name in names if name not in species]
    if strange:
        raise UserError(f"{tree.where}: {strange[0]} has no annotation")
    parts = np.repeat(np.array([TRAIN, TEST], dtype=np.int8), [len(trained), len(tested)])
    return present(_index(names, species, parts), tree)


def by_image(tree: Tree) -> ImageIndex:
    """train2018 trains and val2018 tests, over the same species."""
    species, split = _annotations(tree)
    names = sorted(species)
    parts = np.array([split[name] for name in names], dtype=np.int8)
    return present(_index(names, species, parts), tree)


def _index(names: list[str], species: dict[str, int], parts: Any) -> ImageIndex:
    numbers, labels = np.unique([species[name] for name in names], return_inverse=True)
    return ImageIndex(
        names=tuple(names),
        labels=labels.astype(np.int64),
        class_names=tuple(f"species {number}" for number in numbers),
        parts=parts,
        attributes={"group": coded(name.split("/")[1] for name in names)},
        hierarchy="group",
    )


def _annotations(tree: Tree) -> tuple[dict[str, int], dict[str, int]]:
    """Each image's species and part, by the image's name."""
    files = {member(tree, "train2018.json"): TRAIN, member(tree, "val2018.json"): TEST}
    species: dict[str, int] = {}
    split: dict[str, int] = {}
    for name, content in tree.stream(files):
        try:
            table = json.loads(content)
            of_image = {row["image_id"]: row["category_id"] for row in table["annotations"]}
            for image in table["images"]:
                species[image["file_name"]] = of_image[image["id"]]
                split[image["file_name"]] = files[name]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{tree.where}: {name} is damaged ({error!r})") from error
    return species, split
