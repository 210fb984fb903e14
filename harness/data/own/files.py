"""Tables and files of arrays: images by their paths, image files, pixels, or feature vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset
from harness.data.decoding import OWN, image_dataset
from harness.data.formats.trees import Tree
from harness.data.own.parts import Parts, parts_of
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError
from harness.reading.array_file import ArrayFile
from harness.reading.embeddings import embeddings_of
from harness.reading.labels import label_column, settled
from harness.reading.names import INPUTS, LABELS, PATHS, SPLITS, listed, named
from harness.reading.opening import open_source
from harness.reading.options import Reading
from harness.reading.parquet_table import ParquetTable
from harness.reading.source import Array, Source

_CHANNELS = (1, 3)
LICENCE = "the owner's"


@dataclass(frozen=True, eq=False)
class Facts:
    """What a file says of its rows beside the inputs; `kept`: bool, which rows are samples."""

    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    kept: npt.NDArray[np.bool_]
    parts: Parts | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """How many rows are no samples."""
        return int((~self.kept).sum())


def load_file(path: Path, reading: Reading, *, size: int) -> Dataset:
    """Load a table or a file of arrays as a dataset.

    A column of paths or of image files makes images of `size`; pixels, uint8 (N, H, W),
    (N, H, W, C) or (N, C, H, W), C of 1 or 3, stay as they are; numbers and vectors are features,
    float32. Labels as `harness.reading` has it; a column split has the parts, and the others are
    attributes where their values repeat. Raises UserError, and never opens a pickle.
    """
    source = _with_labels(path, reading) if path.suffix.lower() == ".npy" else None
    source = open_source(path, reading) if source is None else source
    alone = len(source.names) == 1 and reading.label_column is None
    label = None if alone else label_column(source, reading)
    if label is None:
        what = "column" if source.table else "array"
        raise UserError(
            f"{path}: no {what} of labels (one of {', '.join(LABELS[:8])}); it has "
            f"{listed(source.names)}: --label-column names it"
        )
    encoded = _encoded(source)
    if encoded is not None:
        return _encoded_images(source, encoded, label, reading, size=size)
    paths = _paths(source, label, reading)
    if paths is not None:
        return _listed_images(source, paths, label, reading, size=size)
    numbers = [one for one in source.names if source.kind(one) in ("whole", "real", "vectors")]
    if source.table and reading.columns is None and not {*numbers} - {label}:
        raise UserError(
            f"{path}: no column of paths (one of {', '.join(PATHS[:6])}), and none of numbers; it "
            f"has {listed(source.names)}: --columns names it"
        )
    return _arrays(source, label, reading)


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


def _encoded(source: Source) -> str | None:
    found = [name for name in source.names if source.kind(name) == "encoded"]
    known = named(INPUTS, found) or found
    if len(found) > 1 and len(known) != 1:
        raise UserError(f"{source.where}: {listed(found)} each hold image files: one is needed")
    return known[0] if known else None


def _paths(source: Source, label: str, reading: Reading) -> str | None:
    if not source.table:
        return None
    if reading.columns in source.names and source.kind(str(reading.columns)) == "text":
        return reading.columns
    found = [
        name
        for name in named(PATHS, source.names)
        if name != label and source.kind(name) in ("text", "whole", "real")
    ]
    texts = [name for name in found if source.kind(name) == "text"] or found
    plain = [name for name in texts if _names_files(source, name)]
    return next(iter(plain or texts), None)


def _names_files(source: Source, name: str) -> bool:
    first = str(source.column(name).values[0])
    return (source.where.parent / first).exists() or "." in first


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
    facts = _facts(source, label, used, reading)
    if len(inputs) != len(facts.kept):
        raise UserError(
            f"{source.where}: {len(inputs)} inputs do not go with {len(facts.kept)} labels"
        )
    if not facts.kept.all():
        inputs = inputs[facts.kept]
    kept = (note for note in notes if "left out" not in note)
    return Dataset(
        name=source.where.name,
        inputs=inputs,
        labels=facts.labels,
        class_names=facts.class_names,
        source=f"a person's own arrays: {source.where.name}",
        licence=LICENCE,
        attributes=facts.attributes,
        parts=facts.parts,
        notes=tuple(dict.fromkeys((*kept, *facts.notes))),
        left_out=facts.left_out,
    )


def _has_vectors(source: Source, label: str) -> bool:
    return any(source.kind(name) == "vectors" for name in source.names if name != label)


def pixels_of(array: Array, where: Path) -> npt.NDArray[np.uint8]:
    """Images as uint8 (N, C, H, W); UserError for an array that is none."""
    if array.dtype != np.uint8:
        raise UserError(
            f"{where}: inputs are {array.dtype} {array.shape}; images are uint8 of three or four "
            "dimensions, vectors real numbers of two"
        )
    if array.ndim == 3:
        return array[:, np.newaxis]
    if array.ndim == 4 and array.shape[1] in _CHANNELS:
        return array
    if array.ndim == 4 and array.shape[3] in _CHANNELS:
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    raise UserError(f"{where}: images of shape {array.shape} have no 1 or 3 channels")


def vectors_of(array: Array, where: Path) -> npt.NDArray[np.float32]:
    """Vectors as float32 (N, D); UserError for an array that is none, or is not finite."""
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise UserError(
            f"{where}: inputs are {array.dtype} {array.shape}; images are uint8 of three or four "
            "dimensions, vectors real numbers of two"
        )
    vectors = array.astype(np.float32, copy=False)
    if not np.isfinite(vectors).all():
        row = int(np.argmin(np.isfinite(vectors).all(axis=1)))
        raise UserError(f"{where}: vectors hold values that are not finite (the first: row {row})")
    return vectors


def _facts(source: Source, label: str, inputs: Sequence[str], reading: Reading) -> Facts:
    """Labels, parts and attributes of the rows that have a label."""
    labels = settled(source.column(label), f"{source.where}: column {label}", reading)
    kept, notes = labels.kept, [*source.notes, *labels.notes]
    names, codes = np.unique(labels.values, return_inverse=True)
    if len(names) < 2:
        raise UserError(f"{source.where}: all {len(codes)} samples are of one class")
    split = next(iter(named(SPLITS, [name for name in source.names if name != label])), None)
    parts: Parts | None = None
    attributes: dict[str, Attribute] = {}
    if split is not None:
        column = source.column(split)
        if column.missing[kept].any():
            count = int(column.missing[kept].sum())
            raise UserError(f"{source.where}: column {split} has no value in {count} rows")
        texts = [str(value) for value in column.values[kept]]
        parts, attributes, said = parts_of(texts, f"{source.where}: column {split}")
        notes += said
    for name in source.names:
        if name in inputs or name in (label, split):
            continue
        found = _attribute(source, name, kept)
        if isinstance(found, Attribute):
            attributes[name] = found
        else:
            notes.append(f"column {listed([name])} is no attribute: {found}")
    return Facts(
        labels=codes.astype(np.int64),
        class_names=tuple(str(name) for name in names),
        kept=kept,
        parts=parts,
        attributes=attributes,
        notes=tuple(notes),
    )


def _attribute(source: Source, name: str, kept: npt.NDArray[np.bool_]) -> Attribute | str:
    """A column as an attribute, or why it is none."""
    kind = source.kind(name)
    if kind not in ("whole", "real", "text"):
        return "it holds no values" if kind == "other" else "it holds a vector or an image a row"
    column = source.column(name)
    if len(column.values) != len(kept):
        return f"it has {len(column.values)} values for {len(kept)} samples"
    values, gaps = column.values[kept], int(column.missing[kept].sum())
    if gaps:
        return f"it has no value in {gaps} rows"
    if name in source.row_names and len(np.unique(values)) == len(values):
        return "it counts the rows"
    if len(np.unique(values)) > len(values) // 2:
        return "hardly a value of it repeats"
    return coded(str(value) for value in values)


class Listed:
    """The files that a table names, relative to the table's folder."""

    def __init__(self, table: Path, files: Mapping[str, Path]) -> None:
        self.where = table
        self.names = list(files)
        self._files = files

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named files in order; UserError for one that is not there."""
        for name in names:
            try:
                yield name, self._files[name].read_bytes()
            except OSError as error:
                raise UserError(f"{self.where}: names {name}: {error.strerror}") from error


def _listed_images(
    source: Source, paths: str, label: str, reading: Reading, *, size: int
) -> Dataset:
    facts = _facts(source, label, [paths], reading)
    column, where = source.column(paths), source.where
    if column.missing[facts.kept].any():
        count = int(column.missing[facts.kept].sum())
        raise UserError(f"{where}: column {paths} has no value in {count} rows")
    names = [str(name) for name in column.values[facts.kept]]
    files = {name: _place(where.parent, name) for name in names}
    missing = [file for file in files.values() if not file.exists()]
    if missing:
        raise UserError(
            f"{where}: names {len(missing)} of {len(files)} files that are not there "
            f"(the first: {missing[0]})"
        )
    return image_dataset(
        where.name,
        [where, *files.values()],
        lambda _: _index(facts, names),
        size=size,
        source=f"a person's own images: {where.name}",
        licence=LICENCE,
        tree=Listed(where, files),
        notes=facts.notes,
        how=replace(OWN, skip_unreadable=reading.skip_unreadable),
    )


def _place(folder: Path, name: str) -> Path:
    """Where a table's path leads; one written on Windows is read as such."""
    place = folder / name
    if "\\" in name and not place.exists():
        return folder.joinpath(*PureWindowsPath(name).parts)
    return place


def _index(facts: Facts, names: Sequence[str]) -> ImageIndex:
    return ImageIndex(
        names=tuple(names),
        labels=facts.labels,
        class_names=facts.class_names,
        parts=facts.parts,
        attributes=facts.attributes,
        left_out=facts.left_out,
    )


class Encoded:
    """The image files in a column of a Parquet table, named by their rows."""

    def __init__(self, table: ParquetTable, column: str, names: Mapping[str, int]) -> None:
        self.where = table.where
        self.names = list(names)
        self._table, self._column = table, column
        self._rows = names

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named rows' bytes in the order of the table."""
        wanted = {self._rows[name]: name for name in names}
        for row, content in enumerate(self._table.encoded(self._column)):
            if row in wanted:
                if content is None:
                    raise UserError(f"{self.where}: column {self._column}: row {row} has no image")
                yield wanted[row], content


def _encoded_images(
    source: Source, column: str, label: str, reading: Reading, *, size: int
) -> Dataset:
    assert isinstance(source, ParquetTable)
    facts = _facts(source, label, [column], reading)
    rows = np.flatnonzero(facts.kept)
    beside = source.encoded_paths(column)
    names = [f"row {row}" + (f" ({beside[row]})" if beside[row] else "") for row in rows]
    tree: Tree = Encoded(source, column, dict(zip(names, rows.tolist(), strict=True)))
    return image_dataset(
        source.where.name,
        [source.where],
        lambda _: _index(facts, names),
        size=size,
        source=f"a person's own images: {source.where.name}",
        licence=LICENCE,
        tree=tree,
        notes=facts.notes,
        how=replace(OWN, skip_unreadable=reading.skip_unreadable),
    )
