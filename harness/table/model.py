"""`Table`: columns and rows of plain data, before they are text."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Cell = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: the key of its cells, its title, and how much it matters.

    On a narrow terminal columns are left out, those of the highest `priority` number first;
    columns of priority 0 always stay. No cell is ever cut; one of a column that `wraps` may go on
    in a second line. `brief`: the column of priority 0 that stands in for one left out.
    """

    key: str
    title: str
    align: Literal["left", "right"] = "left"
    priority: int = 1
    digits: int = 3
    wraps: bool = False
    brief: Column | None = None

    def text(self, cell: Cell) -> str:
        """A cell as a person reads it, on one line and without control characters."""
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            return ""
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        if isinstance(cell, float):
            return f"{cell:.{self.digits}f}"
        return printable(str(cell))


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells by column key (a missing key is an empty cell), and notes to go below.

    `best`: cells that stand out, as (row, column key); LaTeX sets them in bold.
    """

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]
    best: Collection[tuple[int, str]] = ()
    title: str = ""
    notes: Sequence[str] = ()

    def texts(self) -> list[list[str]]:
        """The cells as text, row by row in the order of the columns."""
        return [[column.text(row.get(column.key)) for column in self.columns] for row in self.rows]


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """Seconds as people say them: `8 s`, `3 min 20 s`, `2 h 5 min` or `3 days`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{round(whole / _DAY):,} days"


def printable(text: str) -> str:
    """`text` on one line: white space becomes a blank, control characters are dropped."""
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())
