"""The matrices of methods by variables on the page, from what `bench variables` printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotComparable, UserError
from harness.figures.sources import Sources, load_sources
from harness.report.page import make_report
from harness.report.variables import ToldByVariable, matrices, read_matrices
from harness.store import Store


def row(method: str, variable: str, **values: float) -> dict[str, Any]:
    told = {"low": None, "high": None, "control": None, "p_value": None}
    return {
        "method": method,
        "variable": variable,
        "measures": {name: {**told, "value": value} for name, value in values.items()},
    }


def test_rows_are_in_the_boards_order_and_shares_within_their_column() -> None:
    rows = [
        row("a", "size", ami=0.2, map_at_r=0.5),
        row("b", "size", ami=0.4, map_at_r=0.7),
        row("b", "class", map_at_r=0.1),
        row("gone", "size", ami=0.9),
    ]
    ami, retrieval = matrices(rows, ["b", "a"])
    assert (ami.title, ami.variables) == ("AMI", ("size",))
    assert ami.rows == (
        ("b", (ToldByVariable("0.400", 1.0),)),
        ("a", (ToldByVariable("0.200", 0.0),)),
    )
    assert retrieval.variables == ("size", "class")
    assert retrieval.rows[1] == ("a", (ToldByVariable("0.500", 0.0), None))


def test_stars_and_intervals_stand_with_their_numbers() -> None:
    one = row("a", "size", probe=0.2)
    one["measures"]["probe"] |= {"low": 0.1, "high": 0.3, "p_value": 0.01}
    ((_, (told,)),) = matrices([one], ["a"])[0].rows
    assert told == ToldByVariable("0.200* [0.100, 0.300]", 0.0)


@pytest.fixture
def sources(store_path: Path) -> Sources:
    with Store.open(store_path) as store:
        return load_sources(store)


@pytest.fixture
def written(tmp_path: Path, sources: Sources) -> Callable[..., Path]:
    """A file for the page's board, with changes."""
    board = sources.board

    def write(**changes: Any) -> Path:
        rows = [row(board.rows[0].label, "<script>", ami=0.25)]
        content = {"protocol": board.protocol, "dataset": board.dataset, "rows": rows, **changes}
        path = tmp_path / "variables.json"
        path.write_text(json.dumps(content))
        return path

    return write


def test_the_page_has_the_section_where_it_is_given_and_not_otherwise(
    written: Callable[..., Path], sources: Sources
) -> None:
    found = read_matrices(written(), sources.board)
    page = make_report(None, sources, "no data", variables=found)
    assert 'id="variables"' in page
    assert "&lt;script&gt;</th>" in page
    assert "0.250</td>" in page
    assert 'id="variables"' not in make_report(None, sources, "no data")


def test_files_of_another_board_and_others_are_refused(
    written: Callable[..., Path], sources: Sources, tmp_path: Path
) -> None:
    board = sources.board
    with pytest.raises(NotComparable, match="is of other on"):
        read_matrices(written(protocol="other"), board)
    for content, said in (
        ("[]", "is not what `bench variables"),
        ("{", "is cut off"),
        ("{]", "is not JSON"),
    ):
        path = tmp_path / "other.json"
        path.write_text(content)
        with pytest.raises(UserError, match=said):
            read_matrices(path, board)
    with pytest.raises(UserError, match="there is no such file; `bench variables"):
        read_matrices(tmp_path / "nowhere.json", board)
