"""Tables and files of arrays: images by their paths, image files, pixels, or feature vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Dataset
from harness.data.formats.trees import Tree
from harness.data.own.facts import facts_of
from harness.data.own.image_tables import image_table
from harness.data.own.text_tables import asked_for, plain, text_dataset
from harness.data.text_features import MINILM
from harness.errors import UserError
from harness.reading.array_file import ArrayFile
from harness.reading.embeddings import embeddings_of
from harness.reading.labels import held_by, label_column
from harness.reading.names import INPUTS, LABELS, PATHS, listed, named
from harness.reading.opening import open_source
from harness.reading.options import Reading
from harness.reading.source import Array, Source

_CHANNELS = (1, 3)


def load_file(path: Path, reading: Reading, *, size: int) -> Dataset:
    """Load a table or a file of arrays as a dataset.

    A column of paths or of image files makes images of `size`; a column of texts is embedded;
    pixels, uint8 (N, H, W),
    (N, H, W, C) or (N, C, H, W), C of 1 or 3, stay as they are; numbers and vectors are features,
    float32. Labels as `harness.reading` has it; a column split has the parts, and the others are
    attributes where their values repeat. Raises UserError, and never opens a pickle.
    """
    source, label = _labelled(path, reading)
    texts = asked_for(source, reading)
    images = None if texts else image_table(source, label, reading)
    if images is not None:
        return images.dataset(reading, size=size)
    texts = texts or plain(source, reading)
    if texts is not None:
        return text_dataset(source, label, texts, reading)
    numbers = [one for one in source.names if source.kind(one) in ("whole", "real", "vectors")]
    if source.table and reading.columns is None and not {*numbers} - {label}:
        raise UserError(
            f"{path}: no column of paths (one of {', '.join(PATHS[:6])}), and none of numbers; it "
            f"has {listed(source.names)}: --columns names it, and --encoder {MINILM} embeds texts"
        )
    return _arrays(source, label, reading)


def tree_of_images(path: Path, reading: Reading) -> tuple[Tree, list[str]] | None:
    """The image files that a table names or holds, in its order; None where it has none."""
    source, label = _labelled(path, reading)
    images = None if asked_for(source, reading) else image_table(source, label, reading)
    return None if images is None else (images.tree, images.names)


def _labelled(path: Path, reading: Reading) -> tuple[Source, str]:
    """The file, open, and which column or array has the labels."""
    source = _with_labels(path, reading) if path.suffix.lower() == ".npy" else None
    source = open_source(path, reading) if source is None else source
    alone = len(source.names) == 1 and reading.label_column is None
    label = None if alone else label_column(source, reading)
    if label is None:
        what = "column" if source.table else "array"
        raise UserError(
            f"{path}: no {what} of labels (one of {', '.join(LABELS[:8])}); it has "
            f"{listed(source.names)}{held_by(source)}: --label-column names it"
        )
    return source, label


def _with_labels(path: Path, reading: Reading) -> Source:
    """A .npy file and the labels beside it."""
    beside = [path.with_suffix(".labels.npy"), path.with_name("labels.npy")]
    labels = next((one for one in beside if one.exists()), None)
    if labels is None:
        raise UserError(f"{path}: no labels beside it ({' or '.join(one.name for one in beside)})")
    inputs = open_source(path, reading).array("inputs")
    found = open_source(labels, reading).array("inputs")
    arrays = {"inputs": inputs, "labels": found}
    return ArrayFile(path, list(arrays), arrays.__getitem__)


def _arrays(source: Source, label: str, reading: Reading) -> Dataset:
    """Pixels or vectors, in memory."""
    pixels = [name for name in source.names if source.kind(name) == "images"]
    if reading.columns is not None and reading.columns in source.names:
        pixels = [name for name in pixels if name == reading.columns]
    known = named(INPUTS, [name for name in source.names if name != label])
    used: Sequence[str]
    notes: Sequence[str]
    inputs: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    if not source.table and not pixels and not _has_vectors(source, label):
        if not known:
            raise UserError(
                f"{source.where}: no array of inputs (one of {', '.join(INPUTS)}); it has "
                f"{listed(source.names)}"
            )
        used, inputs, notes = [known[0]], pixels_of(source.array(known[0]), source.where), ()
    elif pixels:
        chosen = named(INPUTS, pixels) or pixels
        if len(chosen) > 1:
            raise UserError(
                f"{source.where}: {listed(chosen)} are each images: --columns says which"
            )
        used, inputs = chosen, pixels_of(source.array(chosen[0]), source.where)
        notes = () if named(INPUTS, chosen) else (f"{chosen[0]} is taken for the images",)
    else:
        found = embeddings_of(source, reading)
        used, inputs, notes = found.columns, vectors_of(found.rows, source.where), found.notes
        used = used or [name for name in source.names if source.kind(name) == "vectors"]
    facts = facts_of(source, label, used, reading)
    if len(inputs) != len(facts.kept):
        raise UserError(
            f"{source.where}: {len(inputs)} inputs do not go with {len(facts.kept)} labels"
        )
    if not facts.kept.all():
        inputs = inputs[facts.kept]
    return facts.dataset(
        source.where.name,
        inputs,
        source=f"a person's own arrays: {source.where.name}",
        notes=[note for note in notes if "left out" not in note],
    )


def _has_vectors(source: Source, label: str) -> bool:
    return any(source.kind(name) == "vectors" for name in source.names if name != label)


def _no_inputs(array: Array, where: Path) -> UserError:
    cure = ""
    if array.ndim in (3, 4) and array.dtype.kind in "fiu":
        scaled = " from 0 to 255" if array.dtype.kind != "f" else ", those from 0 to 1 times 255"
        cure = f": save the pixels{scaled}, .astype('uint8')"
    return UserError(
        f"{where}: inputs are {array.dtype} {array.shape}; images are uint8 of three or four "
        f"dimensions, vectors real numbers of two{cure}"
    )


def pixels_of(array: Array, where: Path) -> npt.NDArray[np.uint8]:
    """Images as uint8 (N, C, H, W); UserError for an array that is none."""
    if array.dtype != np.uint8:
        raise _no_inputs(array, where)
    if array.ndim == 3:
        return array[:, np.newaxis]
    if array.ndim == 4 and {array.shape[1], array.shape[3]} <= {*_CHANNELS}:
        raise UserError(
            f"{where}: images of shape {array.shape} may be (N, C, H, W) or (N, H, W, C): "
            "save them with more than 3 pixels a side"
        )
    if array.ndim == 4 and array.shape[1] in _CHANNELS:
        return array
    if array.ndim == 4 and array.shape[3] in _CHANNELS:
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    raise UserError(f"{where}: images of shape {array.shape} have no 1 or 3 channels")


def vectors_of(array: Array, where: Path) -> npt.NDArray[np.float32]:
    """Vectors as float32 (N, D); UserError for an array that is none, or is not finite."""
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise _no_inputs(array, where)
    vectors = array.astype(np.float32, copy=False)
    if not np.isfinite(vectors).all():
        row = int(np.argmin(np.isfinite(vectors).all(axis=1)))
        raise UserError(
            f"{where}: vectors hold values that are not finite (the first: row {row + 1})"
        )
    return vectors
