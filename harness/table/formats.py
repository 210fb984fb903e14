"""Tables in the formats that files and other programs want."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Literal, get_args

from harness.table.model import Cell, Table, printable
from harness.table.terminal import to_text

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
