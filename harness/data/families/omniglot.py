"""Omniglot: a folder an alphabet, a folder a character, and an image a drawing."""

from __future__ import annotations

import re

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError

_DRAWING = re.compile(r"(?:.*/)?images_(background|evaluation)/([^/]+)/([^/]+)/([^/]+)\.png")


def by_alphabet(tree: Tree) -> ImageIndex:
    """Alphabets of the background set train, those of the evaluation set test."""
    found = [match for match in map(_DRAWING.fullmatch, tree.names) if match]
    if {match[1] for match in found} != {"background", "evaluation"}:
        raise UserError(f"{tree.where}: images_background or images_evaluation holds no drawings")
    characters = coded(f"{match[2]} {match[3]}" for match in found)
    return ImageIndex(
        names=tuple(match[0] for match in found),
        labels=characters.values,
        class_names=characters.names,
        channels=1,
        parts=np.array([TRAIN if m[1] == "background" else TEST for m in found], dtype=np.int8),
        attributes={
            "alphabet": coded(match[2] for match in found),
            "drawer": coded(match[4].rpartition("_")[2] for match in found),
        },
        hierarchy="alphabet",
    )
