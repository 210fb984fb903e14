"""Tables that name images by their paths, or hold image files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

import numpy as np

from harness.data.dataset import Dataset
from harness.data.decoding import OWN, image_dataset
from harness.data.formats.trees import Tree
from harness.data.own.facts import LICENCE, Facts, facts_of
from harness.data.sources.index import ImageIndex
from harness.data.text_features import MINILM
from harness.errors import UserError, counted
from harness.reading.names import INPUTS, PATHS, listed, named
from harness.reading.options import Reading
from harness.reading.parquet_table import ParquetTable
from harness.reading.source import Source


@dataclass(frozen=True, eq=False)
class ImageTable:
    """The images of a table: `tree` reads them by `names`, in the order of the facts' rows.

    `files`: what they are made of on disk.
    """

    where: Path
    tree: Tree
    names: list[str]
    facts: Facts
    files: list[Path]

    def dataset(self, reading: Reading, *, size: int) -> Dataset:
        """The images decoded, size x size."""
        return image_dataset(
            self.where.name,
            self.files,
            self._index,
            size=size,
            source=f"a person's own images: {self.where.name}",
            licence=LICENCE,
            tree=self.tree,
            notes=self.facts.notes,
            how=replace(OWN, skip_unreadable=reading.skip_unreadable),
        )

    def _index(self, _: Tree) -> ImageIndex:
        facts = self.facts
        return ImageIndex(
            names=tuple(self.names),
            labels=facts.labels,
            class_names=facts.class_names,
            parts=facts.parts,
            attributes=facts.attributes,
            left_out=facts.left_out,
        )


def image_table(source: Source, label: str, reading: Reading) -> ImageTable | None:
    """The images of a table, None where it has none; UserError for paths that lead nowhere."""
    encoded = _encoded(source)
    if encoded is not None:
        return _embedded(source, encoded, facts_of(source, label, [encoded], reading))
    paths = _paths(source, label, reading)
    if paths is None:
        return None
    return _named(source, paths, facts_of(source, label, [paths], reading))


def unlabelled_images(source: Source, reading: Reading) -> ImageTable | None:
    """The images of a table without labels, as of one class without a name; None without any."""
    encoded, paths = _encoded(source), _paths(source, "", reading)
    if encoded is not None:
        assert isinstance(source, ParquetTable)
        count = len(source.encoded_paths(encoded))
        return _embedded(source, encoded, _nameless(count, source))
    if paths is None:
        return None
    return _named(source, paths, _nameless(len(source.column(paths).values), source))


def _nameless(count: int, source: Source) -> Facts:
    return Facts(
        labels=np.zeros(count, dtype=np.int64),
        class_names=("",),
        kept=np.ones(count, dtype=np.bool_),
        notes=tuple(source.notes),
    )


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


def _named(source: Source, paths: str, facts: Facts) -> ImageTable:
    column, where = source.column(paths), source.where
    if column.missing[facts.kept].any():
        count = int(column.missing[facts.kept].sum())
        raise UserError(f"{where}: column {paths} has no value in {counted(count, 'row')}")
    names = [str(name) for name in column.values[facts.kept]]
    files = {name: _place(where.parent, name) for name in names}
    missing = [file for file in files.values() if not file.is_file()]
    if missing:
        cure = f"; if {paths} holds texts, --encoder {MINILM} embeds them"
        raise UserError(
            f"{where}: names {len(missing)} of {len(files)} files that are not there "
            f"(the first: {missing[0]}){cure if ' ' in missing[0].name else ''}"
        )
    return ImageTable(where, Listed(where, files), names, facts, [where, *files.values()])


def _place(folder: Path, name: str) -> Path:
    """Where a table's path leads; one written on Windows is read as such."""
    place = folder / name
    if "\\" in name and not place.exists():
        return folder.joinpath(*PureWindowsPath(name).parts)
    return place


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
                    raise UserError(
                        f"{self.where}: column {self._column}: row {row + 1} has no image"
                    )
                yield wanted[row], content


def _embedded(source: Source, column: str, facts: Facts) -> ImageTable:
    assert isinstance(source, ParquetTable)
    rows = np.flatnonzero(facts.kept)
    beside = source.encoded_paths(column)
    names = [f"row {row}" + (f" ({beside[row]})" if beside[row] else "") for row in rows]
    tree: Tree = Encoded(source, column, dict(zip(names, rows.tolist(), strict=True)))
    return ImageTable(source.where, tree, names, facts, [source.where])
