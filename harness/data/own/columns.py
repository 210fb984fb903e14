"""Finding a column or an array by the names that people give it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute
from harness.data.own.folders import PARTS
from harness.data.sources.index import coded
from harness.errors import UserError

INPUTS = ("inputs", "images", "image", "features", "embeddings", "vectors", "data", "x")
LABELS = ("labels", "label", "classes", "class", "targets", "target", "y")
SPLITS = ("split", "part", "parts", "subset", "partition")
PATHS = ("path", "paths", "file", "filename", "file_name", "image", "image_path")


def pick(what: str, wanted: Iterable[str], found: Iterable[str], where: object) -> str:
    """The name found that is one of those wanted; UserError naming both if there is none."""
    name = maybe(wanted, found)
    if name is None:
        raise UserError(
            f"{where}: no {what} (one of {', '.join(wanted)}); it has {', '.join(found) or 'none'}"
        )
    return name


def maybe(wanted: Iterable[str], found: Iterable[str]) -> str | None:
    """The first of the wanted names that is found, whatever its case, or None."""
    by_lower = {name.lower(): name for name in found}
    return next((by_lower[name] for name in wanted if name in by_lower), None)


def class_codes(values: npt.NDArray[np.generic], where: object) -> Attribute:
    """Number labels that are texts or whole numbers; classes are in their order.

    UserError for labels that are real numbers, missing or nested, and for a single class.
    """
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.ndim != 1:
        raise UserError(f"{where}: labels of shape {values.shape}: one a sample is needed")
    if values.dtype.kind in "iub":
        numbers, codes = np.unique(values, return_inverse=True)
        labels = Attribute(
            values=codes.astype(np.int64), names=tuple(str(number) for number in numbers)
        )
    elif values.dtype.kind in "US":
        labels = coded(values.astype(str))
    else:
        raise UserError(f"{where}: labels are {values.dtype}, not texts or whole numbers")
    if len(labels.names) < 2:
        raise UserError(f"{where}: all {len(values)} samples are of one class")
    return labels


def part_codes(values: npt.NDArray[np.generic], where: object) -> npt.NDArray[np.int8]:
    """Turn train, val and test into the codes of harness.data.dataset; UserError for others."""
    texts = [str(value).lower() for value in values.astype(str)]
    strange = sorted(set(texts) - set(PARTS))
    if strange:
        raise UserError(f"{where}: unknown part '{strange[0]}' (allowed: {', '.join(PARTS)})")
    return np.array([PARTS[text] for text in texts], dtype=np.int8)
