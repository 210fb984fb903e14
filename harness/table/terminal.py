"""Tables on a terminal: columns that do not fit are left out and named, never squeezed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from harness.table.model import Column, Table, printable

_GAP = 2  # one blank of padding and the box's divider


class FittedTable:
    """A rich renderable of a Table that leaves out columns until it fits the width at hand."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown, hidden = fit(self.table, options.max_width)
        if self.table.title:
            yield Text(printable(self.table.title), style="bold")
        yield _grid(self.table, shown)
        if hidden:
            names = ", ".join(column.title for column in hidden)
            yield Text(f"not shown, for want of width: {names}", style="dim")
        for note in self.table.notes:
            yield Text(printable(note), style="dim")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)


def to_text(table: Table, width: int | None = None) -> str:
    """The table as plain text without colours, `width` characters wide or as wide as it is."""
    widths = [_text_width(text) for text in (table.title, *table.notes)]
    wide = max([_total(_widths(table)), *widths])
    file = io.StringIO()
    console = Console(
        file=file, force_jupyter=False, width=width or wide, color_system=None, highlight=False
    )
    console.print(FittedTable(table))
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())


def fit(table: Table, width: int) -> tuple[list[Column], list[Column]]:
    """The columns shown within `width` and those left out: least important, rightmost first."""
    shown = list(table.columns)
    left_out = []
    for column in _least_important_first(table.columns):
        if _total(_widths(replace(table, columns=shown))) <= width:
            break
        place = shown.index(column)
        shown[place : place + 1] = [column.brief] if column.brief else []
        left_out += [] if column.brief else [column]
    return shown, [column for column in table.columns if column in left_out]


def _least_important_first(columns: Sequence[Column]) -> Iterator[Column]:
    numbered = [(column.priority, place, column) for place, column in enumerate(columns)]
    for priority, _, column in sorted(numbered, key=lambda entry: entry[:2], reverse=True):
        if priority > 0:
            yield column


def _widths(table: Table) -> list[int]:
    texts = table.texts()
    return [
        max(cell_len(text) for text in (column.title, *(row[place] for row in texts)))
        for place, column in enumerate(table.columns)
    ]


def _text_width(text: str) -> int:
    return cell_len(printable(text))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * max(0, len(widths) - 1)


def _grid(table: Table, shown: Sequence[Column]) -> RichTable:
    grid = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in shown:
        grid.add_column(
            Text(column.title), justify=column.align, no_wrap=not column.wraps, overflow="fold"
        )
    for row in table.rows:
        grid.add_row(*(Text(column.text(row.get(column.key))) for column in shown))
    return grid
