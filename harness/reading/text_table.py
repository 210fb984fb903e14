"""Tables as text: CSV and its kin, of any delimiter and encoding that can be told."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unreadable
from harness.reading.encodings import UNREADABLE, open_text, suffix_of, told_encoding
from harness.reading.names import INPUTS, LABELS, PATHS, counts_rows, key, listed
from harness.reading.source import Array, Kind, ReadColumn

WHOLE = re.compile(r"[+-]?[0-9]+")
REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf)", re.I)
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_DELIMITERS = ("\t", ";", "|", ",")
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_LOOKED_AT = 1000
# A vector of very many dimensions may stand in one cell.
_LONGEST_CELL = 1 << 26
_QUOTES = {"unexpected end of data": "a quotation mark is opened and not closed"}
_ROWS = 4096


class TextTable:
    """A table of text; cells are read as they are written, and only an empty one is missing."""

    table = True

    def __init__(self, where: Path, *, header: bool | None = None) -> None:
        self.where = where
        self.notes: list[str] = []
        csv.field_size_limit(_LONGEST_CELL)
        self._encoding, note = told_encoding(where)
        self.notes += [note] if note else []
        with self._lines() as file:
            first = list(islice(filter(str.strip, file), 50))
        if not first:
            raise UserError(f"{where} holds no rows")
        if re.fullmatch(r"sep=.\s*", first[0]):
            raise UserError(f"{where}: line 1 is Excel's '{first[0].strip()}': remove it")
        self._delimiter = self._told_delimiter(first)
        self._spaced = _spaced(first[1:] or first, self._delimiter)
        head, *rest = self._first()
        self._headed = self._is_header(head, rest) if header is None else header
        if self._headed and not rest:
            raise UserError(f"{where} holds no rows")
        names = [name.removeprefix("#").lstrip() for name in head]
        self.names: Sequence[str] = (
            names if self._headed else [str(place) for place in range(1, len(head) + 1)]
        )
        self.row_names = frozenset(
            name for name in self.names if self._headed and counts_rows(name)
        )
        self._decimal_comma = self._delimiter != "," and self._has_decimal_commas()

    @property
    def headed(self) -> bool:
        """Whether the first line has the names."""
        return self._headed

    def kind(self, name: str) -> Kind:
        """What a column holds, by its first thousand values."""
        cells = [text for cell in self._sample[self._place(name)] if (text := cell.strip())]
        if not cells:
            return "other"
        if all(map(WHOLE.fullmatch, cells)):
            return "whole"
        # Of a column that is half numbers, what is none is told when they are read.
        if 2 * sum(map(self._is_real, cells)) >= len(cells):
            return "real"
        if all(cell.startswith("[") and cell.endswith("]") for cell in cells):
            return "vectors"
        return "text"

    def column(self, name: str) -> ReadColumn:
        """Every cell as it is written."""
        place = self._place(name)
        cells = [row[place] for _, row in self._rows()]
        if not cells:
            raise UserError(f"{self.where} holds no rows")
        missing = np.array([not cell.strip() for cell in cells])
        return ReadColumn(np.array(cells, dtype=np.str_), missing, typed=False)

    def matrix(self, names: Sequence[str]) -> Array:
        """Columns of numbers, float64; UserError naming the line of what is no number."""
        places = [self._place(name) for name in names]
        blocks: list[npt.NDArray[np.float64]] = []
        rows = self._rows()
        while block := list(islice(rows, _ROWS)):
            cells = [[row[place] for place in places] for _, row in block]
            try:
                blocks.append(self._numbers(cells))
            except ValueError:
                raise self._not_a_number(block, names, places) from None
        if not blocks:
            raise UserError(f"{self.where} holds no rows")
        return np.concatenate(blocks)

    def array(self, name: str) -> Array:
        """A column of lists in brackets, with commas or spaces between."""
        place, vectors = self._place(name), []
        for line, row in self._rows():
            text = row[place].strip()
            if "..." in text:
                raise UserError(
                    f"{self.where}: line {line}: column {name}: numbers are left out ('...'): "
                    "write the table with all of them"
                )
            try:
                vectors.append(
                    json.loads(text) if "," in text else [float(x) for x in text[1:-1].split()]
                )
            except ValueError:
                raise UserError(
                    f"{self.where}: line {line}: column {name}: is no list of numbers"
                ) from None
            if len(vectors[-1]) != len(vectors[0]):
                raise UserError(
                    f"{self.where}: line {line}: column {name}: {len(vectors[-1])} numbers, the "
                    f"first row has {len(vectors[0])}"
                )
        try:
            return np.array(vectors, dtype=np.float64)
        except (ValueError, TypeError):
            raise UserError(
                f"{self.where}: column {name}: holds lists of other than numbers"
            ) from None

    def _numbers(self, cells: list[list[str]]) -> npt.NDArray[np.float64]:
        if self._decimal_comma:
            cells = [[cell.replace(",", ".") for cell in row] for row in cells]
        # Python reads 1_1 as 11.
        if any("_" in cell for row in cells for cell in row):
            raise ValueError
        return np.array(cells, dtype=np.float64)

    def _not_a_number(
        self, block: list[tuple[int, list[str]]], names: Sequence[str], places: list[int]
    ) -> UserError:
        for line, row in block:
            for name, place in zip(names, places, strict=True):
                cell = row[place].strip()
                if not cell:
                    return UserError(f"{self.where}: line {line}: column {name} has no value")
                if not self._is_real(cell):
                    return UserError(
                        f"{self.where}: line {line}: column {name}: '{cell[:40]}' is no number"
                    )
        return UserError(f"{self.where}: holds cells that are no numbers")

    def _is_real(self, cell: str) -> bool:
        text = cell.replace(",", ".", 1) if self._decimal_comma else cell
        return REAL.fullmatch(text) is not None

    def _has_decimal_commas(self) -> bool:
        cells = [cell.strip() for column in self._sample.values() for cell in column]
        commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
        return bool(commas) and not any("." in cell for cell in cells if REAL.fullmatch(cell))

    @cached_property
    def _sample(self) -> dict[int, list[str]]:
        rows = [row for _, row in islice(self._rows(), _LOOKED_AT)]
        return {place: [row[place] for row in rows] for place in range(len(self.names))}

    def _is_header(self, head: list[str], rest: list[list[str]]) -> bool:
        """Whether a first line has names; UserError where it may as well be a row of numbers."""
        below = [cell for row in rest for cell in row if cell]
        if len(head) == 1:
            return key(head[0]) in (*LABELS, *INPUTS, *PATHS) or (
                not _is_number(head[0]) and bool(below) and all(map(_is_number, below))
            )
        below_of = [[row[place] for row in rest if len(row) > place] for place in range(len(head))]
        if any(
            _ENDING.search(cell) and all(map(_ENDING.search, some))
            for cell, some in zip(head, below_of, strict=True)
        ):  # files, as those below
            return not rest
        numbers = [cell for cell in head if cell and not counts_rows(cell)]
        if not numbers or not all(map(_is_number, numbers)):
            # A name may be a whole number, and is no other.
            return not any(_is_number(cell) and "." in cell for cell in numbers)
        counted = [str(start + place) for start in (0, 1) for place in range(len(numbers))]
        if numbers not in (counted[: len(numbers)], counted[len(numbers) :]):
            return False
        # An index has no name, and a row has no empty beginning.
        if len(numbers) == len(head) and all(map(WHOLE.fullmatch, below)):
            raise UserError(
                f"{self.where}: is the first line ({listed(head, 3)}) a row or names of columns? "
                "--no-header or --header says which"
            )
        return True

    def _place(self, name: str) -> int:
        places = [place for place, one in enumerate(self.names) if one == name]
        if len(places) > 1:
            raise UserError(f"{self.where}: {len(places)} columns are named '{name}'")
        return places[0]

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line numbers and cells, the header left out; UserError for a row of another length."""
        with self._lines() as file:
            rows = self._split(file)
            skip = self._headed
            for line, row in rows:
                if skip:
                    skip = False
                    continue
                if len(row) != len(self.names):
                    raise UserError(
                        f"{self.where}: line {line} has {len(row)} columns, the first has "
                        f"{len(self.names)}"
                    )
                yield line, row

    def _split(self, file: TextIO) -> Iterator[tuple[int, list[str]]]:
        if self._delimiter == " ":
            yield from (
                (line, cells) for line, text in enumerate(file, 1) if (cells := text.split())
            )
            return
        rows = csv.reader(
            file, delimiter=self._delimiter, skipinitialspace=self._spaced, strict=True
        )
        begun = 1
        try:
            for row in rows:
                if row:
                    yield rows.line_num, row
                begun = rows.line_num + 1
        except csv.Error as error:
            raise UserError(
                f"{self.where}: line {begun}: {_QUOTES.get(str(error), error)}"
            ) from None

    def _first(self) -> list[list[str]]:
        with self._lines() as file:
            some = islice(self._split(file), 50)
            found = [[cell.strip() for cell in row] for _, row in some]
        if not found:
            raise UserError(f"{self.where} holds no rows")
        return found

    @contextmanager
    def _lines(self) -> Iterator[TextIO]:
        try:
            with open_text(self.where, self._encoding) as file:
                yield file
        except UnicodeError as error:
            raise UserError(f"{self.where} cannot be read as a table: {error}") from None
        except UNREADABLE as error:
            raise unreadable(self.where, self.where.suffix[1:], error) from None

    def _told_delimiter(self, lines: list[str]) -> str:
        if suffix_of(self.where) == ".tsv":
            return "\t"
        for delimiter in _DELIMITERS[:-1]:
            widths = {
                len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            }
            if len(widths) == 1 and widths != {1}:
                return delimiter
        commas = any("," in line for line in lines)
        numbers = [[REAL.fullmatch(cell) for cell in line.split()] for line in lines]
        several = len({len(cells) for cells in numbers}) == 1 and len(numbers[0]) > 1
        below = [cell for cells in numbers[1:] or numbers for cell in cells]
        paths = all(re.search(r"[./\\]", line.split()[0]) for line in lines[1:] or lines)
        found, wanted = 2 * sum(map(bool, below)), len(below) + (0 if paths else 1)
        return " " if not commas and several and found >= wanted else ","


def _spaced(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a blank after each delimiter is style; where some have none, it is of the cell."""
    plain = [re.sub(r'"[^"]*"', '""', line) for line in lines]
    bare = re.compile(re.escape(delimiter) + r"[^ \r\n]")
    return any(delimiter in line for line in plain) and not any(map(bare.search, plain))


def _is_number(cell: str) -> bool:
    return REAL.fullmatch(cell.replace(",", ".", 1)) is not None
