"""The Yale Face Database: an image a person and condition, both in its name."""

from __future__ import annotations

import re

from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError

_FACE = re.compile(r"(?:.*/)?subject(\d\d)\.(?:gif\.)?([a-z]+)(?:\.(?:gif|pgm|png))?")


def by_person(tree: Tree) -> ImageIndex:
    """Fifteen people; a protocol draws the parts."""
    found = [match for match in map(_FACE.fullmatch, tree.names) if match]
    people = coded(match[1] for match in found)
    if len(people.names) < 2:
        raise UserError(f"{tree.where}: holds no files named like subject01.normal")
    return ImageIndex(
        names=tuple(match[0] for match in found),
        labels=people.values,
        class_names=people.names,
        channels=1,
        attributes={"condition": coded(match[2] for match in found)},
    )
