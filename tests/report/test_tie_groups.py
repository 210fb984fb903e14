"""Tie groups, in letters and in numbers."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.report.board_table import as_letters, letters, tied_with, ties_meaning, ties_shown


def rows(**ties: str | None) -> Any:
    return [SimpleNamespace(label=label, ties=found) for label, found in ties.items()]


@pytest.mark.parametrize(
    ("text", "groups"), [("ab", {"a", "b"}), ("Za1b12", {"Z", "a1", "b12"}), (None, set())]
)
def test_a_letter_and_its_number_are_one_group(text: str | None, groups: set[str]) -> None:
    assert letters(rows(x=text)[0]) == groups


def test_a_and_a1_are_different_groups() -> None:
    first, second, third = every = rows(x="a1", y="a", z="ba1")
    assert tied_with(first, every) == [third]
    assert tied_with(second, every) == []


def test_few_groups_are_named_and_many_counted() -> None:
    few = rows(x="ab", y="b", z=None)
    assert ties_shown(few) == {"x": "ab", "y": "b"}
    assert "letter shared" in ties_meaning(few)
    many = rows(x="abcdefghi", y="i", z="j", w=None)
    assert not as_letters(many)
    assert ties_shown(many) == {"x": "1", "y": "1", "z": "0"}
    assert "counts the methods" in ties_meaning(many)
