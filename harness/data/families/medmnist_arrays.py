"""One MedMNIST file: images and labels of the three parts, however large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.data.dataset import IN_MEMORY_BYTES, TEST, TRAIN, VALIDATION, Attribute, Dataset
from harness.data.decoded import decoded
from harness.data.decoding import stamp
from harness.data.formats.npz import Npz, open_npz
from harness.data.sources import PublishedDataset
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError

PARTS = {"train": TRAIN, "val": VALIDATION, "test": TEST}
_ROWS = 256


def read_medmnist(
    entry: PublishedDataset, path: Path, *, slices: bool, names: Mapping[str, str]
) -> Dataset:
    """Read a set: inputs uint8 (N, C, H, W); a volume's slices are its channels, or samples.

    `names`: of the labels, by their numbers as texts. Several labels at once (ChestMNIST) make a
    class for each set of findings that occurs, and an attribute for each finding.
    """
    with open_npz(path) as npz:
        shapes = {part: npz.shape(f"{part}_images") for part in PARTS}
        index = _index(npz, shapes, slices=slices, names=names)
        shape = (len(index.labels), *_channels_first(shapes["train"], slices=slices))
        if int(np.prod(shape, dtype=np.int64)) <= IN_MEMORY_BYTES:
            images = np.empty(shape, dtype=np.uint8)
            _fill(images, npz, slices=slices)
        else:
            images = _mapped(entry, path, npz, index, shape, slices=slices)
    return Dataset(
        name=entry.name,
        inputs=images,
        labels=index.labels,
        class_names=index.class_names,
        source=entry.source,
        licence=entry.licence,
        attributes=index.attributes,
        parts=index.parts,
    )


def _mapped(
    entry: PublishedDataset,
    path: Path,
    npz: Npz,
    index: ImageIndex,
    shape: tuple[int, ...],
    *,
    slices: bool,
) -> npt.NDArray[np.uint8]:
    def build(target: Path) -> tuple[ImageIndex, str, list[tuple[str, str]]]:
        images = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=shape)
        _fill(images, npz, slices=slices)
        images.flush()
        return index, entry.files[0].md5, []

    return decoded(f"{entry.name}-{stamp(entry.name, [path])}", build).images


def _index(
    npz: Npz, shapes: Mapping[str, tuple[int, ...]], *, slices: bool, names: Mapping[str, str]
) -> ImageIndex:
    found = [npz.read(f"{part}_labels").astype(np.int64) for part in PARTS]
    for labels, shape in zip(found, shapes.values(), strict=True):
        if labels.ndim != 2 or len(labels) != shape[0]:
            raise UserError(f"labels of shape {labels.shape} do not go with images of {shape}")
    labels = np.concatenate(found)
    parts = np.repeat(np.array(list(PARTS.values()), dtype=np.int8), [len(part) for part in found])
    classes, attributes = _classes(labels, names)
    if slices:
        depth = shapes["train"][1]
        volumes = np.arange(len(labels), dtype=np.int64)
        attributes["volume"] = Attribute(
            values=np.repeat(volumes, depth), names=tuple(str(number) for number in volumes)
        )
        classes = Attribute(values=np.repeat(classes.values, depth), names=classes.names)
        parts = np.repeat(parts, depth)
    return ImageIndex(
        names=(),
        labels=classes.values,
        class_names=classes.names,
        parts=parts,
        attributes=attributes,
    )


def _classes(
    labels: npt.NDArray[np.int64], names: Mapping[str, str]
) -> tuple[Attribute, dict[str, Attribute]]:
    texts = tuple(names[str(number)] for number in range(len(names)))
    if labels.shape[1] == 1:
        return Attribute(values=labels[:, 0], names=texts), {}
    findings = [
        "+".join(texts[number] for number in np.flatnonzero(row)) or "none" for row in labels
    ]
    attributes = {
        text: Attribute(values=labels[:, number], names=("no", "yes"))
        for number, text in enumerate(texts)
    }
    return coded(findings), attributes


def _channels_first(shape: tuple[int, ...], *, slices: bool) -> tuple[int, ...]:
    """The shape of one sample, for images stored as `shape`."""
    if len(shape) == 3:
        return (1, *shape[1:])
    if shape[3] == 3:
        return (3, *shape[1:3])
    return (1, *shape[2:]) if slices else shape[1:]


def _fill(images: npt.NDArray[np.uint8], npz: Npz, *, slices: bool) -> None:
    start = 0
    for chunk in _chunks(npz):
        if chunk.ndim == 3:
            samples = chunk[:, np.newaxis]
        elif chunk.shape[3] == 3:
            samples = chunk.transpose(0, 3, 1, 2)
        else:
            samples = chunk.reshape(-1, 1, *chunk.shape[2:]) if slices else chunk
        images[start : start + len(samples)] = samples
        start += len(samples)


def _chunks(npz: Npz) -> Iterator[npt.NDArray[np.uint8]]:
    for part in PARTS:
        yield from npz.chunks(f"{part}_images", rows=_ROWS)
