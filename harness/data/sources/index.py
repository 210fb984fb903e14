"""`ImageIndex`: which images a dataset is of and what is known of each, before any is decoded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute
from harness.data.formats.images import Box
from harness.data.formats.trees import Tree
from harness.errors import UserError


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageIndex:
    """The images of a dataset by name, in the order of its samples.

    `labels`: int64 (N,), in [0, len(class_names)); `parts`: int8 (N,), of harness.data.dataset;
    `boxes`: what of each image is used, where not all of it. `channels`: 1 for grey, 3 for RGB.
    `notes`: what is to be said of how it was found. `left_out`: images and rows that are not in it.
    """

    names: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    channels: int = 3
    parts: npt.NDArray[np.int8] | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    hierarchy: str | None = None
    boxes: tuple[Box, ...] | None = None
    notes: tuple[str, ...] = ()
    left_out: int = 0

    def without(self, positions: Collection[int]) -> ImageIndex:
        """The index without some of its images, and the classes that have no other."""
        kept = np.setdiff1d(np.arange(len(self.names)), np.array(sorted(positions), dtype=np.int64))
        used, labels = np.unique(self.labels[kept], return_inverse=True)
        return replace(
            self,
            names=tuple(self.names[place] for place in kept),
            labels=labels.astype(np.int64),
            class_names=tuple(self.class_names[label] for label in used),
            parts=None if self.parts is None else self.parts[kept],
            attributes={
                name: replace(one, values=one.values[kept]) for name, one in self.attributes.items()
            },
            boxes=None if self.boxes is None else tuple(self.boxes[place] for place in kept),
        )


def coded(values: Iterable[str]) -> Attribute:
    """Number texts in their order: an `Attribute` with a code per sample."""
    names, codes = np.unique(list(values), return_inverse=True)
    return Attribute(values=codes.astype(np.int64), names=tuple(str(name) for name in names))


def member(tree: Tree, ending: str) -> str:
    """The name of the one file that ends in `ending`, whatever folders stand before it.

    Of several the one under fewest folders. UserError if there is none.
    """
    found = [name for name in tree.names if name == ending or name.endswith(f"/{ending}")]
    if not found:
        raise UserError(f"{tree.where}: holds no {ending}")
    return min(found, key=lambda name: (name.count("/"), name))


def text_lines(tree: Tree, *endings: str) -> list[list[str]]:
    """The lines of text files, each found by the ending of its name, empty lines left out."""
    names = [member(tree, ending) for ending in endings]
    contents = dict(tree.stream(names))
    try:
        texts = [contents[name].decode("utf-8-sig") for name in names]
    except UnicodeDecodeError as error:
        raise UserError(f"{tree.where}: {', '.join(endings)} is no UTF-8 text") from error
    return [[line for line in text.splitlines() if line.strip()] for text in texts]


def present(index: ImageIndex, tree: Tree) -> ImageIndex:
    """Replace each name by the one it has in the tree; UserError saying how many are missing."""
    by_ending = _by_endings(tree.names, {name.count("/") for name in index.names})
    missing = [name for name in index.names if name not in by_ending]
    if missing:
        raise UserError(
            f"{tree.where}: lacks {len(missing)} of {len(index.names)} images "
            f"(the first: {missing[0]})"
        )
    return replace(index, names=tuple(by_ending[name] for name in index.names))


def _by_endings(names: Sequence[str], depths: Iterable[int]) -> dict[str, str]:
    found: dict[str, str] = {}
    for depth in depths:
        for name in names:
            steps = name.split("/")
            if len(steps) > depth:
                found.setdefault("/".join(steps[-depth - 1 :]), name)
    return found
