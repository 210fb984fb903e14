"""Embeddings: which columns of a file are their dimensions."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.errors import UserError
from harness.reading.labels import codes_of, label_columns
from harness.reading.names import ATTRIBUTES, INPUTS, SPLITS, key, listed, named, spread_out
from harness.reading.opening import open_source
from harness.reading.options import AS_IT_IS, Reading
from harness.reading.source import Array, Source

__all__ = ["Embeddings", "codes_of", "dimensions", "read_embeddings"]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Numbers of shape (rows, dimensions), and the columns that they are from, if named."""

    rows: Array
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def like(self, other: Embeddings, where: object) -> Embeddings:
        """The same dimensions in the order that another file has them."""
        if self.columns == other.columns or set(self.columns) != set(other.columns):
            return self
        order = [self.columns.index(name) for name in other.columns]
        note = f"{where}: its columns stand in another order: matched by name"
        return Embeddings(self.rows[:, order], other.columns, (*self.notes, note))


def read_embeddings(path: Path, reading: Reading = AS_IT_IS) -> Embeddings:
    """Read the vectors of a table or of a file of arrays.

    Raises UserError where there are none, and where it cannot be told which columns they are,
    naming the columns and the option that settles it.
    """
    source = open_source(path, reading)
    return embeddings_of(source, reading)


def embeddings_of(source: Source, reading: Reading) -> Embeddings:
    """The vectors of an open file."""
    names, notes = dimensions(source, reading)
    if len(names) == 1 and source.kind(names[0]) not in ("whole", "real", "text"):
        rows = source.array(names[0])
        if rows.ndim == 0:
            raise UserError(f"{source.where}: holds one number, not a vector a row")
        return Embeddings(rows, notes=(*source.notes, *notes))
    rows = source.matrix(names)
    headed = getattr(source, "headed", True)
    return Embeddings(rows, tuple(names) if headed else (), (*source.notes, *notes))


def dimensions(source: Source, reading: Reading) -> tuple[list[str], list[str]]:
    """The columns that are dimensions, or the one of vectors; and what is said of the others."""
    if reading.columns is not None:
        return spread_out(reading.columns, source.names, source.where), []
    vectors = _vectors(source)
    if vectors is not None:
        return [vectors], []
    if not source.table:
        return [_only(source)], []
    labels = label_columns(source) if reading.label_column is None else [reading.label_column]
    beside = {*labels, *named(SPLITS, source.names), *source.row_names}
    beside |= set(named(ATTRIBUTES, source.names))
    numbers = [
        name
        for name in source.names
        if name not in beside and source.kind(name) in ("whole", "real")
    ]
    if not numbers:
        one = ": commas, semicolons, tabs, bars or blanks stand between cells"
        raise UserError(
            f"{source.where}: no columns of numbers that may be dimensions; it has "
            f"{listed(source.names)}{_first_text(source, beside)}"
            f"{one if len(source.names) == 1 else ''}"
        )
    if len(numbers) == 1 and _counting(source, numbers):
        raise UserError(
            f"{source.where}: no column but {numbers[0]} may be a dimension, and that counts the "
            f"rows{_first_text(source, beside)}: --columns {numbers[0]} takes it all the same"
        )
    _refuse_strangers(source, numbers)
    _refuse_texts(source, numbers)
    alone = source.names if len(numbers) == 1 else ()
    sentences = next((one for one in alone if _holds_sentences(source, one, beside)), None)
    if sentences is not None:
        raise UserError(
            f"{source.where}: {numbers[0]} is its one column of numbers, and {sentences} holds "
            f"texts: --columns {numbers[0]} takes the numbers, `bench embed` makes vectors of texts"
        )
    left = [name for name in source.names if name not in numbers and name not in labels]
    notes = [f"{source.where.name}: not dimensions, left out: {listed(left)}"] if left else []
    return numbers, notes


def _vectors(source: Source) -> str | None:
    """The column or array that holds a vector a row."""
    found = [name for name in source.names if source.kind(name) == "vectors"]
    known = named(INPUTS, found)
    if len(known) == 1 or len(found) == 1:
        if not known and len(source.names) > 1:
            source.notes.append(f"{source.where.name}: {found[0]} is taken for the vectors")
        return (known or found)[0]
    if len(found) > 1 and (known or source.table):
        raise UserError(
            f"{source.where}: {listed(known or found)} each hold a vector a row: --columns says "
            "which"
        )
    return None


def _only(source: Source) -> str:
    found = list(source.names) if len(source.names) == 1 else named(INPUTS, source.names)
    if len(found) == 1:
        return found[0]
    raise UserError(
        f"{source.where} holds {listed(sorted(source.names))}: none of them named "
        f"{', '.join(INPUTS[4:8])} or alike: --columns says which"
    )


def _refuse_strangers(source: Source, numbers: list[str]) -> None:
    """UserError for a column of numbers that does not look like the others."""
    headed = getattr(source, "headed", True)
    families: dict[str, list[str]] = {}
    for name in numbers if headed else []:
        stem = _stem(name)
        families.setdefault(stem if "#" in stem else "", []).append(name)
    numbered = {stem: members for stem, members in families.items() if stem}
    largest = max(numbered.values(), key=len, default=[])
    strangers = [name for name in numbers if name not in largest] if len(largest) > 1 else []
    if not strangers and len(largest) < 2:
        strangers = (len(numbers) > 1 and _counting(source, numbers)) or _whole_among_real(
            source, numbers
        )
    if strangers:
        rest = [name for name in numbers if name not in strangers]
        raise UserError(
            f"{source.where}: {'column' if len(strangers) == 1 else 'columns'} {listed(strangers)} "
            f"beside {listed(rest, 3)}: dimensions or not? --columns {_as_range(source, rest)} "
            f"leaves {'it' if len(strangers) == 1 else 'them'} out, --columns "
            f"{_as_range(source, numbers)} takes all"
        )


def _stem(name: str) -> str:
    return re.sub(r"\d+", "#", key(name))


def _first_text(source: Source, beside: Collection[str]) -> str:
    """What stands in a column that might have been a dimension."""
    for name in source.names:
        if name not in beside and source.kind(name) == "text":
            return f" ({name} holds texts, the first '{str(source.column(name).values[0])[:40]}')"
    return ""


def _holds_sentences(source: Source, name: str, beside: Collection[str]) -> bool:
    """Whether a column has texts of several words that hardly repeat."""
    if name in beside or source.kind(name) != "text":
        return False
    texts = [str(one).strip() for one in source.column(name).values]
    return 2 * len(set(texts)) > len(texts) and 2 * sum(" " in one for one in texts) > len(texts)


def _refuse_texts(source: Source, numbers: Sequence[str]) -> None:
    """UserError for a column of texts that is named as the dimensions are: 1,234 or 12 %."""
    stems = {_stem(name) for name in numbers if "#" in _stem(name)}
    alike = [name for name in source.names if name not in numbers and _stem(name) in stems]
    if alike and getattr(source, "headed", True) and source.kind(alike[0]) == "text":
        first = str(source.column(alike[0]).values[0])[:40]
        raise UserError(
            f"{source.where}: column {alike[0]} is named as dimensions are, and holds texts (the "
            f"first: '{first}'): write numbers; --columns {_as_range(source, numbers)} leaves it "
            "out"
        )


def _counting(source: Source, numbers: Sequence[str]) -> list[str]:
    """A first column that counts the rows."""
    if source.kind(numbers[0]) != "whole":
        return []
    values = source.matrix(numbers[:1])[:, 0]
    steps = len(values) > 2 and bool((np.diff(values) == 1).all()) and values[0] in (0, 1)
    return [numbers[0]] if steps else []


def _whole_among_real(source: Source, numbers: Sequence[str]) -> list[str]:
    whole = [name for name in numbers if source.kind(name) == "whole"]
    return whole if len(whole) < len(numbers) else []


def _as_range(source: Source, chosen: Sequence[str]) -> str:
    """How `--columns` names these columns, in few words."""
    places = [source.names.index(name) for name in chosen]
    if len(chosen) > 2 and places == list(range(places[0], places[0] + len(places))):
        return f"'{chosen[0]}-{chosen[-1]}'"
    return f"'{','.join(chosen)}'"
