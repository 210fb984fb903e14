"""What a person wants embedded: inputs with whatever is known of them, labels or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Dataset
from harness.data.decoding import OWN, decode_once
from harness.data.formats.trees import Tree, open_tree
from harness.data.own.files import pixels_of, vectors_of
from harness.data.own.folders import folder_index, images_of, named_after
from harness.data.own.image_tables import unlabelled_images
from harness.data.own.loading import is_folder, load_path
from harness.data.own.text_tables import asked_for, embedded, plain, said
from harness.data.sources.index import ImageIndex
from harness.errors import UserError, counted
from harness.reading import SUFFIXES, Reading, open_source, suffix_of
from harness.reading.embeddings import embeddings_of
from harness.reading.labels import label_column
from harness.reading.names import INPUTS, listed, named

PARTS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Inputs:
    """Raw inputs, uint8 (N, C, H, W) or float32 (N, D), and columns of one text a row.

    `columns`: label, split, file and the attributes, as far as they are known. `notes`: how it was
    read.
    """

    rows: npt.NDArray[Any]
    columns: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def load_inputs(path: Path, reading: Reading, *, size: int) -> Inputs:
    """Load what `bench run --data` takes, or the same without labels.

    A folder or archive of images that lie in it directly has no labels; a table or file of arrays
    may have none. UserError as `load_path`.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if is_folder(path):
        return _folder(path, reading, size=size)
    if suffix_of(path) in SUFFIXES:
        rows = _unlabelled(path, reading, size=size)
        if rows is not None:
            return rows
    return _of_dataset(load_path(path, reading, size=size, several=False))


def _folder(path: Path, reading: Reading, *, size: int) -> Inputs:
    labelled = any("/" in name for name in images_of(open_tree([path]).names))
    how = replace(OWN, skip_unreadable=reading.skip_unreadable)
    if labelled:
        dataset = load_path(path, reading, size=size, several=False)
        # The same files, decoded already: what is wanted are their names.
        found = decode_once(named_after(path), [path], folder_index, size=size, how=how)
        inputs = _of_dataset(dataset)
        return replace(inputs, columns={**inputs.columns, "file": _texts(found.index.names)})
    name = f"{named_after(path)}-unlabelled"
    found = decode_once(name, [path], _flat_index, size=size, how=how)
    index = found.index
    return Inputs(found.images, {"file": _texts(index.names)}, index.notes)


def _flat_index(tree: Tree) -> ImageIndex:
    names = images_of(tree.names)
    if not names:
        raise UserError(f"{tree.where}: holds no images")
    others = len(tree.names) - len(names)
    return ImageIndex(
        names=tuple(names),
        labels=np.zeros(len(names), dtype=np.int64),
        class_names=("",),
        notes=(f"{counted(others, 'file')} left out: no images",) if others else (),
    )


def _unlabelled(path: Path, reading: Reading, *, size: int) -> Inputs | None:
    """A file of arrays, or a table of numbers or images, that has no labels; None if it has."""
    source = open_source(path, reading)
    if path.suffix.lower() == ".npy":
        beside = (path.with_suffix(".labels.npy"), path.with_name("labels.npy"))
        if any(one.exists() for one in beside):
            return None
    elif len(source.names) > 1 and label_column(source, reading) is not None:
        return None
    texts = asked_for(source, reading)
    images = None if texts else unlabelled_images(source, reading)
    texts = texts or (plain(source, reading) if images is None else None)
    if texts is not None:
        features = embedded(source, texts, reading)
        return Inputs(features.values, notes=(*source.notes, said(texts, features)))
    if images is not None:
        found = images.dataset(reading, size=size)
        return Inputs(found.inputs, {"file": _texts(tuple(images.names))}, found.notes)
    pixels = [name for name in source.names if source.kind(name) == "images"]
    if len(pixels) > 1:
        pixels = named(INPUTS, pixels)
    if pixels:
        if len(pixels) > 1:
            raise UserError(f"{path}: {listed(pixels)} are each images: keep one")
        return Inputs(pixels_of(source.array(pixels[0]), path), notes=tuple(source.notes))
    vectors = embeddings_of(source, reading)
    return Inputs(vectors_of(vectors.rows, path), notes=vectors.notes)


def _of_dataset(dataset: Dataset) -> Inputs:
    columns = {"label": _texts(dataset.class_names)[dataset.labels]}
    if dataset.parts is not None:
        columns["split"] = _texts(PARTS)[dataset.parts]
    for name, attribute in dataset.attributes.items():
        columns[name] = _texts(attribute.names)[attribute.values]
    return Inputs(dataset.inputs, columns, dataset.notes)


def _texts(values: tuple[str, ...]) -> npt.NDArray[np.str_]:
    return np.array(values, dtype=np.str_)
