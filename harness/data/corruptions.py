"""Seeded changes of images, each an attribute: `fashion-mnist+rotation` and its like.

Which level an image gets is drawn once, whatever its class, so that the level is a background
variable: for protocols of dependent variables, and for rows on robustness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.data import numpy_stream
from harness.data.dataset import Attribute, Dataset, MappedArray
from harness.data.decoded import decoded
from harness.data.sources.index import ImageIndex
from harness.errors import UserError, unknown

Images = npt.NDArray[np.uint8]
_CHUNK = 256


@dataclass(frozen=True)
class Corruption:
    """The levels of a change by name, each a function on uint8 (N, C, H, W), and what it is."""

    summary: str
    levels: Mapping[str, Callable[[Images], Images]]


def corrupt(dataset: Dataset, name: str, *, seed: int = 0) -> Dataset:
    """Change each image of a dataset by a level drawn for it, and add the level as an attribute.

    The same seed and number of images give the same levels. UserError for feature vectors and for
    an unknown name.
    """
    if name not in CORRUPTIONS:
        raise unknown("corruption", name, CORRUPTIONS, where=dataset.name)
    if not dataset.is_images:
        raise UserError(f"dataset {dataset.name}: holds feature vectors, which have no {name}")
    levels = CORRUPTIONS[name].levels
    draw = numpy_stream(seed, "corruption", name)
    codes = draw.integers(0, len(levels), len(dataset))
    attribute = Attribute(values=codes.astype(np.int64), names=tuple(levels))
    return replace(
        dataset,
        name=f"{dataset.name}+{name}",
        inputs=_changed(dataset, name, attribute, seed),
        source=f"{dataset.source}; {CORRUPTIONS[name].summary}, drawn with seed {seed}",
        attributes={**dataset.attributes, name: attribute},
    )


def _changed(dataset: Dataset, name: str, attribute: Attribute, seed: int) -> Images:
    """The changed images: on disk if the images are."""
    if not isinstance(dataset.inputs, MappedArray):
        images = np.empty(dataset.inputs.shape, dtype=np.uint8)
        _write(images, dataset, name, attribute)
        return images

    def build(target: Path) -> tuple[ImageIndex, str, list[tuple[str, str]]]:
        images = np.lib.format.open_memmap(
            target, mode="w+", dtype=np.uint8, shape=dataset.inputs.shape
        )
        _write(images, dataset, name, attribute)
        images.flush()
        return _nameless(dataset), dataset.digest, []

    return decoded(f"{dataset.name}+{name}-{seed}-{dataset.digest[:12]}", build).images


def _nameless(dataset: Dataset) -> ImageIndex:
    return ImageIndex(names=(), labels=dataset.labels, class_names=dataset.class_names)


def _write(images: Images, dataset: Dataset, name: str, attribute: Attribute) -> None:
    functions = list(CORRUPTIONS[name].levels.values())
    for start in range(0, len(images), _CHUNK):
        chunk = np.array(dataset.inputs[start : start + _CHUNK], dtype=np.uint8)
        codes = attribute.values[start : start + _CHUNK]
        for code in np.unique(codes):
            chunk[codes == code] = functions[code](chunk[codes == code])
        images[start : start + _CHUNK] = chunk


def _same(images: Images) -> Images:
    return images


def _turned(images: Images, *, quarters: int) -> Images:
    if images.shape[2] != images.shape[3] and quarters % 2:
        raise UserError(f"images of {images.shape[2]}x{images.shape[3]} cannot make a quarter turn")
    return np.rot90(images, quarters, axes=(2, 3))


def _inverted(images: Images) -> Images:
    return 255 - images


def _blurred(images: Images, *, share: float) -> Images:
    from scipy.ndimage import gaussian_filter

    sigma = share * images.shape[2]
    smooth = gaussian_filter(images.astype(np.float32), (0, 0, sigma, sigma))
    return np.asarray(np.rint(smooth), dtype=np.uint8)


def _lit(images: Images, *, left: float, right: float) -> Images:
    light = np.linspace(left, right, images.shape[3], dtype=np.float32)
    return np.asarray(np.rint(images * light), dtype=np.uint8)


CORRUPTIONS: Mapping[str, Corruption] = {
    "rotation": Corruption(
        "turned counter-clockwise by quarters",
        {
            "0": _same,
            "90": partial(_turned, quarters=1),
            "180": partial(_turned, quarters=2),
            "270": partial(_turned, quarters=3),
        },
    ),
    "polarity": Corruption("light and dark swapped", {"as it is": _same, "inverted": _inverted}),
    "blur": Corruption(
        "a Gaussian of so many hundredths of the height",
        {"0": _same, "3": partial(_blurred, share=0.03), "6": partial(_blurred, share=0.06)},
    ),
    "illumination": Corruption(
        "light that falls off evenly, or to one side",
        {
            "even": _same,
            "dim": partial(_lit, left=0.5, right=0.5),
            "from the left": partial(_lit, left=1.0, right=0.2),
            "from the right": partial(_lit, left=0.2, right=1.0),
        },
    ),
}
