"""Tie groups on the page: letters while a reader can compare them, numbers from then on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.results import Row

READABLE = 8  # letters of one row


def letters(row: Row) -> set[str]:
    """The groups of a row: `ab` is of a and b, and so is `a1b1` of a1 and b1."""
    return set(re.findall(r"[a-zA-Z]\d*", row.ties or ""))


def as_letters(rows: Sequence[Row]) -> bool:
    """Whether no row has more letters than a reader can compare."""
    return max((len(letters(row)) for row in rows), default=0) <= READABLE


def tied_with(row: Row, rows: Sequence[Row]) -> list[Row]:
    """The other rows that share a letter with it."""
    own = letters(row)
    return [other for other in rows if other is not row and own & letters(other)]


def ties_shown(rows: Sequence[Row]) -> dict[str, str]:
    """What each row says of its ties, by label: its letters, or how many others it is tied with."""
    if as_letters(rows):
        return {row.label: row.ties for row in rows if row.ties}
    return {row.label: str(len(tied_with(row, rows))) for row in rows if row.ties}


def ties_meaning(rows: Sequence[Row]) -> str:
    """What `ties_shown` says, in a sentence."""
    if as_letters(rows):
        return "A letter shared under “ties” means not told apart."
    return (
        "“Tied with” counts the methods not told apart from one; there are too many groups for "
        "letters."
    )
