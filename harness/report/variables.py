"""What each embedding carries of background variables, as matrices: methods by variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.artifacts import read_json
from harness.errors import NotComparable, UserError
from harness.results import Board
from harness.variables.measuring import MEASURES


@dataclass(frozen=True)
class ToldByVariable:
    """One number as text, and where it lies between the least and the most of its column."""

    text: str
    share: float


@dataclass(frozen=True)
class Matrix:
    """One measure: a row for each method of the board, a column for each variable."""

    title: str
    variables: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ToldByVariable | None, ...]], ...]


def read_matrices(path: Path, board: Board) -> list[Matrix]:
    """The matrices of a file that `bench variables --format json` printed, in the board's order.

    UserError for a file that is none, NotComparable for one of another board.
    """
    maker = "bench variables --format json"
    document = read_json(path, where=f"--variables {path}", maker=maker)
    if not isinstance(document, dict) or not {"protocol", "dataset", "rows"} <= document.keys():
        raise UserError(f"--variables {path}: is not what `bench variables --format json` prints")
    of = document["protocol"], document["dataset"]
    if of != (board.protocol, board.dataset):
        raise NotComparable(
            f"--variables {path}: is of {of[0]} on {of[1]}, the page of {board.protocol} on "
            f"{board.dataset}"
        )
    return matrices(document["rows"], [row.label for row in board.rows])


def matrices(rows: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> list[Matrix]:
    """One for each measure that any row has; what a method lacks stays empty."""
    found = []
    for name, measure in MEASURES.items():
        cells = {
            (row["method"], row["variable"]): row["measures"][name]
            for row in rows
            if name in row["measures"] and row["method"] in methods
        }
        variables = tuple(dict.fromkeys(variable for _, variable in cells))
        ends = {
            one: [cell["value"] for (_, variable), cell in cells.items() if variable == one]
            for one in variables
        }
        kept = [method for method in methods if any(method == one for one, _ in cells)]
        if kept:
            told = tuple(
                (method, tuple(_told(cells.get((method, one)), ends[one]) for one in variables))
                for method in kept
            )
            found.append(Matrix(measure.title, variables, told))
    return found


def _told(cell: Mapping[str, Any] | None, column: Sequence[float]) -> ToldByVariable | None:
    if cell is None:
        return None
    low, high, value = min(column), max(column), cell["value"]
    share = (value - low) / (high - low) if high > low else 0.0
    mark = "*" if cell["p_value"] is not None and cell["p_value"] <= 0.05 else ""
    ends = "" if cell["low"] is None else f" [{cell['low']:.3f}, {cell['high']:.3f}]"
    return ToldByVariable(f"{value:.3f}{mark}{ends}", round(share, 2))
