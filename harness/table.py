"""Rows of plain data as text: for a terminal, Markdown, CSV, JSON or LaTeX."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal, get_args

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from harness.errors import escaped

Cell = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: the key of its cells, its title, and how much it matters.

    On a narrow terminal columns are left out, those of the highest `priority` number first;
    columns of priority 0 always stay. No cell is ever cut; one of a column that `wraps` may go on
    in a second line. `least`: of prose that wraps, the width to which it is narrowed before any
    column is left out. `brief`: the column that stands in for one left out, until it is left out
    itself; `lacks`: what it says less, as is told below the table.
    """

    key: str
    title: str
    align: Literal["left", "right"] = "left"
    priority: int = 1
    digits: int = 3
    wraps: bool = False
    least: int | None = None
    brief: Column | None = None
    lacks: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", printable(self.title))

    def text(self, cell: Cell) -> str:
        """A cell as a person reads it, on one line, control characters escaped."""
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
    whole = max(1, round(seconds)) if seconds > 0 else 0
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{round(whole / _DAY):,} days"


def printable(text: str) -> str:
    """`text` on one line: white space becomes a blank, control characters are escaped."""
    return escaped(" ".join(text.split()))


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
        lacking = _lacking(hidden, shown)
        if lacking:
            yield Text(f"not shown, for want of width: {lacking}", style="dim")
        for note in self.table.notes:
            yield Text(printable(note), style="dim")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)


def _lacking(hidden: Sequence[Column], shown: Sequence[Column]) -> str:
    """What a terminal is too narrow for: columns, and what those that stand in do not say."""
    told = [", ".join(column.title for column in hidden)] if hidden else []
    cut: dict[str, list[str]] = {}
    for column in shown:
        if column.lacks:
            cut.setdefault(column.lacks, []).append(column.title)
    told += [f"{what} of {', '.join(titles)}" for what, titles in cut.items()]
    return "; ".join(told)


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
    shown: list[Column | None] = list(table.columns)
    while True:
        there = [column for column in shown if column]
        widths = zip(_widths(replace(table, columns=there)), there, strict=True)
        room = _total([min(wide, column.least or wide) for wide, column in widths])
        priority, place = max(
            ((column.priority, place) for place, column in enumerate(shown) if column),
            default=(0, 0),
        )
        if room <= width or priority == 0:
            break
        column = shown[place]
        shown[place] = column.brief if column else None
    pairs = zip(table.columns, shown, strict=True)
    return there, [column for column, stands in pairs if stands is None]


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


Format = Literal["table", "md", "csv", "json", "latex"]
FORMATS: tuple[str, ...] = get_args(Format)


def render(table: Table, format: Format) -> str:  # noqa: A002 - the word of the command line
    """The table as text, ended by a newline.

    `csv` and `json` hold the cells by column key and no notes; the others hold what a person
    reads. Nothing in a cell can leave its cell, whatever characters it holds.
    """
    return _RENDERERS[format](table)


def _markdown(table: Table) -> str:
    rules = ["---:" if column.align == "right" else "---" for column in table.columns]
    rows = [[column.title for column in table.columns], *table.texts()]
    lines = [_pipes(map(escape_markdown, row)) for row in rows]
    lines.insert(1, _pipes(rules))
    title = [escape_markdown(printable(table.title)), ""] if table.title else []
    notes = [f"- {escape_markdown(printable(note))}" for note in table.notes]
    return "\n".join([*title, *lines, *([""] if notes else []), *notes]) + "\n"


def to_html(table: Table) -> str:
    """The table as one HTML element, for a notebook: nothing wider than a cell is left out."""

    def line(kind: str, texts: Iterable[str]) -> str:
        aligned = zip((column.align for column in table.columns), texts, strict=True)
        return "".join(
            f'<{kind} style="text-align:{align}">{escape(text)}</{kind}>' for align, text in aligned
        )

    title = f"<caption>{escape(printable(table.title))}</caption>" if table.title else ""
    head = line("th", [column.title for column in table.columns])
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in table.texts())
    notes = "".join(f"<li>{escape(printable(note))}</li>" for note in table.notes)
    below = f"<ul>{notes}</ul>" if notes else ""
    return f"<div><table>{title}<thead><tr>{head}</tr></thead>{body}</table>{below}</div>"


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _csv(table: Table) -> str:
    keys = [column.key for column in table.columns]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(keys)
    for row in table.rows:
        writer.writerow([_csv_cell(row.get(key)) for key in keys])
    return file.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _finite(cell)


def _json(table: Table) -> str:
    rows = [{c.key: _finite(row.get(c.key)) for c in table.columns} for row in table.rows]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _latex(table: Table) -> str:
    alignment = "".join("r" if column.align == "right" else "l" for column in table.columns)
    header = _latex_row([column.title for column in table.columns])
    body = [
        _latex_row(texts, bold=[(row, column.key) in table.best for column in table.columns])
        for row, texts in enumerate(table.texts())
    ]
    notes = [rf"\par{{\footnotesize {escape_latex(printable(note))}}}" for note in table.notes]
    title = [f"% {printable(table.title)}"] if table.title else []
    lines = [
        *title,
        r"% needs \usepackage{booktabs}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        header,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        *notes,
    ]
    return "\n".join(lines) + "\n"


def _latex_row(cells: Sequence[str], *, bold: Sequence[bool] = ()) -> str:
    # A row that begins with "[" would be read as the optional argument of the line break before.
    texts = [f"{{}}{cell}" if cell.startswith("[") else cell for cell in map(escape_latex, cells)]
    for place, heavy in enumerate(bold):
        texts[place] = rf"\textbf{{{texts[place]}}}" if heavy else texts[place]
    return " & ".join(texts) + r" \\"


_LATEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_MARKDOWN: Mapping[str, str] = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    **{character: f"\\{character}" for character in "\\`*_|[]~#$"},
}


def escape_latex(text: str) -> str:
    """`text` for LaTeX's text mode, every special character escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    """`text` for Markdown, every character that could mean something escaped."""
    return "".join(_MARKDOWN.get(character, character) for character in text)


_RENDERERS: Mapping[Format, Callable[[Table], str]] = {
    "table": to_text,
    "md": _markdown,
    "csv": _csv,
    "json": _json,
    "latex": _latex,
}
