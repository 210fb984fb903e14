"""Colorectal histology (Kather et al. 2016): a folder a tissue."""

from __future__ import annotations

import re

from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError

_IMAGE = re.compile(r"(?:.*/)?(0[1-8]_[A-Z]+)/[^/]+\.tif")


def by_tissue(tree: Tree) -> ImageIndex:
    """Eight tissues; a protocol draws the parts."""
    found = [match for match in map(_IMAGE.fullmatch, tree.names) if match]
    tissues = coded(match[1] for match in found)
    if len(tissues.names) != 8:
        raise UserError(f"{tree.where}: holds {len(tissues.names)} of the 8 tissues")
    return ImageIndex(
        names=tuple(match[0] for match in found),
        labels=tissues.values,
        class_names=tissues.names,
    )
