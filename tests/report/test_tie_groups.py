"""Tie groups, in letters and as ranks."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.report.board_table import as_letters, letters, tied_with, ties_meaning, ties_shown


def rows(**ties: str | None) -> Any:
    return [
        SimpleNamespace(label=label, ties=found, ranks=(1, place) if found else None)
        for place, (label, found) in enumerate(ties.items(), start=1)
    ]


@pytest.mark.parametrize(
    ("text", "groups"), [("ab", {"a", "b"}), ("Za1b12", {"Z", "a1", "b12"}), (None, set())]
)
def test_a_letter_and_its_number_are_one_group(text: str | None, groups: set[str]) -> None:
    assert letters(rows(x=text)[0]) == groups


def test_a_and_a1_are_different_groups() -> None:
    first, second, third = every = rows(x="a1", y="a", z="ba1")
    assert tied_with(first, every) == [third]
    assert tied_with(second, every) == []


def test_few_groups_are_named_and_many_are_ranks() -> None:
    few = rows(x="ab", y="b", z=None)
    assert ties_shown(few) == {"x": "ab", "y": "b"}
    assert "letter shared" in ties_meaning(few)
    many = rows(x="abcdefghi", y="i", z="j", w=None)
    assert not as_letters(many)
    assert ties_shown(many) == {"x": "1", "y": "1-2", "z": "1-3"}
    assert "may truly stand" in ties_meaning(many)
