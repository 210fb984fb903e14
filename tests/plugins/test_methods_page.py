"""The page of all methods: current, and every method that the papers name has its row or reason."""

import re
from pathlib import Path

import pytest
from bench_methods import METHODS
from bench_methods.page import page
from bench_methods.papers import papers

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
NAMES = [method.name for method in METHODS]
MENTIONS = [mention for paper in papers() for mention in paper.methods]
REALITY_CHECK, *FIVE, RECENT = papers()


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m bench_methods.page > docs/methods.md"
    )


def test_every_method_has_one_row_among_the_families():
    families = page().split("## The papers")[0]
    assert sorted(re.findall(r"^\| `([a-z0-9-]+)` \|", families, re.MULTILINE)) == sorted(NAMES)


def test_no_cell_breaks_its_table():
    rows = [line for line in page().splitlines() if line.startswith("|")]
    cells = {len(re.findall(r"(?<!\\)\|", row)) - 1 for row in rows}
    assert cells == {6, 3}


@pytest.mark.parametrize("mention", MENTIONS, ids=lambda mention: mention.name)
def test_a_method_that_a_paper_names_has_a_row_that_exists_or_a_reason(mention):
    assert [row for row in mention.rows if row not in NAMES] == []
    assert mention.rows or mention.note


@pytest.mark.parametrize("paper", papers(), ids=lambda paper: paper.title)
def test_a_paper_names_each_method_once(paper):
    names = [mention.name for mention in paper.methods]
    assert len(set(names)) == len(names)


def test_there_are_five_papers_beside_the_reality_check_and_a_list_of_losses_since():
    assert len(FIVE) == 5
    assert {row for mention in RECENT.methods for row in mention.rows} <= set(NAMES)
    assert [m.name for m in RECENT.methods if not m.rows] == []


def test_every_method_of_the_reality_check_has_a_row_of_its_own():
    rows = [mention.rows for mention in REALITY_CHECK.methods]
    assert {len(row) for row in rows} == {1}
    assert len(set(rows)) == len(rows) == 15


def test_a_note_that_names_a_near_row_names_one_that_exists():
    pattern = re.compile(r"nearest:? ([a-z0-9, -]+)")
    near = [
        row
        for mention in MENTIONS
        for found in pattern.findall(mention.note)
        for row in found.split(", ")
    ]
    assert near
    assert set(near) <= set(NAMES)
