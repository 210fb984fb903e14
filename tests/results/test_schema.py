"""docs/board.schema.json and the table of CSV columns say what the formats for programs hold."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.record import Record
from harness.results import Board, build_board, load_board
from harness.results.display import board_document, render_board

jsonschema = pytest.importorskip("jsonschema", reason="checks a document by its schema")

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = sorted(
    path for path in (ROOT / "results").rglob("*.json") if path.parent.name != "user-corrected"
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "board.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.fixture
def failed_and_done(
    replicate: Callable[..., list[Record]], failed_run: Callable[..., Record]
) -> Board:
    done = [
        record
        for method, score in (("a", 0.5), ("c", 0.3))
        for seed in range(2)
        for record in replicate(method, seed, score + seed * score / 10)
    ]
    return build_board([*done, failed_run("b")])


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.parent.name)
def test_published_boards_are_of_the_schema(path: Path, schema: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(render_board(load_board(path), "json")), schema)


def test_rows_with_and_without_scores_are_of_the_schema(
    failed_and_done: Board, schema: dict[str, Any]
) -> None:
    jsonschema.validate(board_document(failed_and_done), schema)


def test_rows_that_learned_from_more_than_the_class_are_of_the_schema_and_named(
    replicate: Callable[..., list[Record]], schema: dict[str, Any]
) -> None:
    given = {"label_sets": ("script", "weight")}
    board = build_board([*replicate("several", declared=given), *replicate("plain")])
    document = board_document(board)
    jsonschema.validate(document, schema)
    told = {row["method"]: row["declared"].get("label_sets") for row in document["rows"]}
    assert told == {"several": ["script", "weight"], "plain": None}
    printed = render_board(board, "md")
    assert "learned from script, weight beside the class: several" in printed


def test_what_the_schema_does_not_name_is_no_board(
    failed_and_done: Board, schema: dict[str, Any]
) -> None:
    with pytest.raises(jsonschema.ValidationError, match="'more' was unexpected"):
        jsonschema.validate(board_document(failed_and_done) | {"more": 1}, schema)


def test_every_column_of_a_csv_is_in_the_table_of_the_page(failed_and_done: Board) -> None:
    page = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")
    table = page[page.index("### CSV") :]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([\w*]+)`", row.split("|")[1])}
    ends = {name.removeprefix("METRIC") for name in named if name.startswith("METRIC")}
    header = next(csv.reader(io.StringIO(render_board(failed_and_done, "csv"))))
    metrics = {f"{name}{end}" for name in failed_and_done.metrics for end in ends}
    assert set(header) - metrics == {name for name in named if not name.startswith("METRIC")}
