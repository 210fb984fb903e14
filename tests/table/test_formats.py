"""Nothing in a cell leaves its cell, in any format."""

import csv
import io
import json

import pytest

from harness.table import FORMATS, Column, Format, Table, render

NAME = Column(key="name", title="name", priority=0)
SCORE = Column(key="score", title="score", align="right")


def one_cell(cell: str) -> Table:
    return Table(columns=[NAME], rows=[{"name": cell}])


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_ends_with_one_newline(form: Format) -> None:
    text = render(one_cell("triplet"), form)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_markdown_aligns_numbers_to_the_right() -> None:
    table = Table(columns=[NAME, SCORE], rows=[{"name": "triplet", "score": 0.25}])
    assert render(table, "md") == "| name | score |\n| --- | ---: |\n| triplet | 0.250 |\n"


@pytest.mark.parametrize(
    ("cell", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("a_b*c", r"a\_b\*c"),
        ("<script>", "&lt;script&gt;"),
        ("R&D", "R&amp;D"),
        ("`x`", r"\`x\`"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_escapes(cell: str, escaped: str) -> None:
    assert render(one_cell(cell), "md").splitlines()[-1] == f"| {escaped} |"


@pytest.mark.parametrize(
    ("cell", "escaped"),
    [
        ("a_b", r"a\_b"),
        ("R&D", r"R\&D"),
        ("50 %", r"50 \%"),
        ("$x$", r"\$x\$"),
        ("#1", r"\#1"),
        ("{x}", r"\{x\}"),
        ("~", r"\textasciitilde{}"),
        ("^", r"\textasciicircum{}"),
        (r"\input", r"\textbackslash{}input"),
        ("<script>", r"\textless{}script\textgreater{}"),
        ("[2pt]", "{}[2pt]"),
        ("two\nlines", "two lines"),
    ],
)
def test_latex_escapes(cell: str, escaped: str) -> None:
    assert rf"{escaped} \\" in render(one_cell(cell), "latex").splitlines()


def test_latex_uses_the_rules_of_booktabs() -> None:
    lines = render(Table(columns=[NAME, SCORE], rows=[]), "latex").splitlines()
    assert lines == [
        r"% needs \usepackage{booktabs}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"name & score \\",
        r"\midrule",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize("cell", ["a,b", 'say "a"', "two\nlines", " padded "])
def test_csv_gives_a_cell_back_as_it_was(cell: str) -> None:
    (row,) = csv.DictReader(io.StringIO(render(one_cell(cell), "csv"), newline=""))
    assert row == {"name": cell}


def test_csv_writes_numbers_in_full() -> None:
    table = Table(columns=[SCORE], rows=[{"score": 1 / 3}])
    assert render(table, "csv") == "score\n0.3333333333333333\n"


def test_json_is_a_list_of_rows_by_column_key() -> None:
    table = Table(columns=[NAME, SCORE], rows=[{"name": "triplet", "score": 0.25}])
    assert json.loads(render(table, "json")) == [{"name": "triplet", "score": 0.25}]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_number_that_is_not_finite_is_written_as_missing(form: Format) -> None:
    text = render(Table(columns=[NAME, SCORE], rows=[{"name": "x", "score": float("nan")}]), form)
    assert "nan" not in text.lower()


@pytest.mark.parametrize("form", ["table", "md", "latex"])
def test_notes_stand_below(form: Format) -> None:
    table = Table(columns=[NAME], rows=[{"name": "triplet"}], notes=["a note"])
    assert "a note" in render(table, form).splitlines()[-1]


@pytest.mark.parametrize("form", ["table", "md", "latex"])
def test_control_characters_reach_no_reader(form: Format) -> None:
    assert "\x1b" not in render(one_cell("\x1b[31mred"), form)


def test_the_best_cell_is_bold_in_latex() -> None:
    column = Column(key="score", title="score")
    table = Table(columns=[column], rows=[{"score": 0.5}, {"score": 0.7}], best={(1, "score")})
    text = render(table, "latex")
    assert r"\textbf{0.700} \\" in text
    assert r"\textbf{0.500}" not in text
