"""What a chart is: columns of numbers, and which marks show them; the page and papers draw it.

A chart is data. `paper.py` gives it ink for files and the page's `chart.js` for the screen; both
decide where a label finds room, and nothing of what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

COLOURS = ("#0b5cc0", "#b8430c", "#0f7a4a", "#8a2fa3", "#b3261e", "#806000", "#0b7285", "#b8246b")
"""Of the methods that stand out, told apart by readers who are blind to some colours."""
GREY = "#8a929b"
"""Of all others."""
GROUPS = (
    *("#4477aa", "#d55e00", "#228833", "#aa3377", "#b58900"),
    *("#3aa6c4", "#cc3311", "#7a6ff0", "#6b8e23", "#8c564b"),
)
"""Of groups of samples; the next ten have another shape."""
RAMP = ("#b35806", "#f4f2ee", "#2166ac")
"""Of -1, 0 and 1."""

Kind = Literal["dots", "rings", "span", "line", "stairs", "band", "crosses", "end", "name"]
Picture = Literal["samples", "cells", "images"]
Cell = str | float | Sequence[str | float | None] | None


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A scale. `pad`: room beyond the outermost values, as a share; `low`: where it begins.

    `include`: values that must be on it. `whole`: ticks are whole numbers. `log`: logarithmic,
    with nothing (0) at its beginning. `line`: a value that is marked across the chart.
    """

    title: str
    pad: float = 0.03
    low: float | None = None
    include: tuple[float, ...] = ()
    whole: bool = False
    log: bool = False
    line: float | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One kind of ink of every row, from the columns `x` and `y` (to `x2` or `y2`).

    Without `y` it stands on the row's own line. `size`: a radius, or a line's width, in the
    page's pixels. `coloured`: of methods that stand out alone. `when`: a column that says of
    which rows. `dash`: a column; a line is dashed from where its values are no longer the first.

    `dots`, `rings`; `span` from x to x2; `line`; `stairs`; `band` from y to y2; `crosses` at the
    foot for what has no y; `end`: the name at a line's end; `name`: the name at a point.
    Of one embedding: `samples`, colour and shape by row; `cells` of -1 to 1; `images` of the
    samples x and then of x2, framed where `when` is 0.
    """

    kind: Kind | Picture
    x: str
    y: str = ""
    x2: str = ""
    y2: str = ""
    size: float = 2.5
    opacity: float = 1.0
    coloured: bool = False
    when: str = ""
    dash: str = ""


@dataclass(frozen=True)
class Bracket:
    """A bar beside the names from one row to another, in a lane of its own.

    `of`: the row that it is about, drawn where that row stands out or is the first; None: always.
    """

    first: int
    last: int
    lane: int
    of: int | None = None


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Columns with one cell a row, which the first names; a cell may be a list, of equal lengths.

    `y` None: each row has a line of its own, best first. `tip`: columns told of a row; `aside`:
    one that is written at its right end. `joined`: a column that says which rows a stair joins.
    `measure`: a length of the x axis, from its beginning, and its name. `missing`: what stands in
    a table for no value. `words`: what a reader must know, a caption. `nothing`: what is said
    where there is no row.
    """

    columns: Mapping[str, Sequence[Cell]]
    marks: tuple[Mark, ...]
    x: Axis
    y: Axis | None = None
    tip: tuple[str, ...] = ()
    aside: str = ""
    joined: str = ""
    brackets: tuple[Bracket, ...] = ()
    measure: tuple[float, str] | None = None
    missing: str = "\u2013"
    words: str
    nothing: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table by rows."""
        names = list(self.columns)
        return [
            dict(zip(names, cells, strict=True))
            for cells in zip(*self.columns.values(), strict=True)
        ]


def in_columns(rows: Sequence[Mapping[str, Cell]]) -> dict[str, list[Cell]]:
    """Rows of the same names, by columns."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ("method",))}
