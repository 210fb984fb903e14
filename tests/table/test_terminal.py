"""On a terminal columns are left out by importance, and cells are never cut."""

import io

import pytest
from rich.console import Console

from harness.table import Column, FittedTable, Table, to_text

TABLE = Table(
    columns=[
        Column(key="name", title="name", priority=0, wraps=True),
        Column(key="rare", title="rare", priority=2),
        Column(key="usual", title="usual", priority=1),
    ],
    rows=[{"name": "multi-similarity", "rare": "0.125", "usual": "0.250"}],
)


def test_all_columns_are_shown_where_no_width_is_given() -> None:
    assert to_text(TABLE).splitlines()[-1] == "multi-similarity  0.125  0.250"


def test_the_least_important_column_goes_first() -> None:
    assert "multi-similarity  0.250\n" in to_text(TABLE, width=29)


def test_a_table_that_just_fits_is_left_whole() -> None:
    assert "multi-similarity  0.125  0.250" in to_text(TABLE, width=30)


def test_prose_is_narrowed_before_a_column_is_left_out() -> None:
    columns = [
        Column(key="name", title="name", priority=0),
        Column(key="what", title="what", priority=0, wraps=True, least=9),
        Column(key="usual", title="usual"),
    ]
    row = {"name": "triplet", "what": "near and far ones", "usual": "0.250"}
    table = Table(columns=columns, rows=[row])
    lines = to_text(table, width=25).splitlines()
    assert [line.rstrip() for line in lines[2:]] == [
        "triplet  near and   0.250",
        "         far ones",
    ]
    assert "0.250" not in to_text(table, width=24)


def test_what_stands_in_for_a_column_says_what_it_lacks() -> None:
    brief = Column(key="brief", title="score", priority=0, lacks="interval")
    columns = [
        Column(key="name", title="name", priority=0),
        Column(key="score", title="score", brief=brief),
        Column(key="rare", title="rare", priority=2),
    ]
    table = Table(columns=columns, rows=[{"name": "a", "score": "0.5 [0, 1]", "brief": "0.5"}])
    assert "not shown" not in to_text(table)
    assert "a     0.5 [0, 1]\nnot shown, for want\nof width: rare\n" in to_text(table, width=20)
    narrow = to_text(table, width=14)
    assert "a     0.5\n" in narrow
    assert " ".join(narrow.splitlines()[3:]).endswith("width: rare; interval of score")


def test_columns_left_out_are_named() -> None:
    assert "rare, usual" in to_text(TABLE, width=22)


def test_a_name_wider_than_the_terminal_goes_on_in_a_second_line() -> None:
    lines = to_text(TABLE, width=10).splitlines()
    assert "".join(lines[2:4]) == "multi-similarity"


def test_text_for_files_has_no_colours() -> None:
    assert "\x1b" not in to_text(TABLE)


def test_text_for_files_has_no_blanks_at_line_ends() -> None:
    table = Table(columns=TABLE.columns, rows=[*TABLE.rows, {"name": "x"}])
    assert all(line == line.rstrip() for line in to_text(table).splitlines())


def test_a_cell_that_looks_like_markup_is_shown_as_it_is() -> None:
    table = Table(columns=TABLE.columns, rows=[{"name": "[red]x[/red]"}])
    assert "[red]x[/red]" in to_text(table)


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (float("nan"), ""), (0.12345, "0.123"), (7, "7"), (True, "yes"), (False, "no")],
)
def test_cells_are_written_for_people(cell: float | None, text: str) -> None:
    assert TABLE.columns[0].text(cell) == text


def test_the_table_fits_a_console_of_any_width() -> None:
    for width in range(8, 60):
        console = Console(file=io.StringIO(), width=width)
        with console.capture() as capture:
            console.print(FittedTable(TABLE))
        assert max(map(len, capture.get().splitlines())) <= width
