"""Whether the rows of two files are of the same items, in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from harness.errors import UserError
from harness.reading.labels import Labels, label_column, settled
from harness.reading.names import PATHS, key, named
from harness.reading.opening import open_source
from harness.reading.options import AS_IT_IS, Reading
from harness.reading.source import Array, Source


def other_rows(first: Path, second: Path, reading: Reading = AS_IT_IS) -> str | None:
    """Why rows of two files cannot be put side by side, in a sentence; None where they can.

    Columns that name rows are compared: ids, indices and paths, without gaps and each name once.
    The rows are others where all names of one file stand in the other in another order, or a
    text does. Whole numbers of which some are missing may count from 0 here and from 1 there.
    """
    if first == second:
        return None
    sources = [open_source(path, reading) for path in (first, second)]
    names = [_names_of_rows(source) for source in sources]
    if not all(names):
        return None  # and no table is read once more
    ours, theirs = (_named_rows(*one) for one in zip(sources, names, strict=True))
    pairs = [
        (mine, its)
        for mine, its in product(ours, theirs)
        if len(mine.texts) == len(its.texts) and (mine.name == its.name or mine.told)
    ]
    if any((mine.texts == its.texts).all() for mine, its in pairs):
        return None
    for mine, its in pairs:
        places = {text: row for row, text in enumerate(its.texts.tolist())}
        moved = [
            (text, row, places[text])
            for row, text in enumerate(mine.texts.tolist())
            if places.get(text, row) != row
        ]
        if moved and (mine.told or set(places) == set(mine.texts.tolist())):
            text, row, place = moved[0]
            return (
                f"'{text[:40]}' (column {mine.written}) is row {row + 1} of {first} and row "
                f"{place + 1} of {second}: sort one as the other (if it is right as it is, leave "
                "that column out of one file)"
            )
    return None


def other_labels(
    embeddings: Path, labels: Path, classes: Labels, reading: Reading = AS_IT_IS
) -> str | None:
    """How labels that a file of embeddings has differ from those of another, or None."""
    source = open_source(embeddings, reading)
    if embeddings == labels or len(source.names) < 2:
        return None
    try:
        name = label_column(source, reading)
    except UserError:
        return None  # which column has them is not plain, and was not asked
    if name is None:
        return None
    theirs = settled(source.column(name), f"{embeddings}: column {name}", reading).values
    theirs, ours = theirs.astype(np.str_), classes.values.astype(np.str_)
    if len(theirs) != len(ours) or (theirs == ours).all():
        return None
    row = int(np.argmax(theirs != ours))
    return (
        f"{embeddings}: its labels are not those of {labels} (the first: row {row + 1}, "
        f"'{theirs[row]}' and '{ours[row]}')"
    )


class _Rows:
    """One name a row. `told`: whether the names are texts, which say more than numbers."""

    def __init__(self, source: Source, name: str) -> None:
        self.written, self.name = name, key(name)
        self.told = source.kind(name) == "text"
        column = source.column(name)
        self.texts: Array = np.char.strip(column.values.astype(np.str_))
        self.sound = len(np.unique(self.texts)) == len(self.texts) and not column.missing.any()


def _names_of_rows(source: Source) -> list[str]:
    names = dict.fromkeys((*source.row_names, *named(PATHS, source.names)))
    return [name for name in names if source.kind(name) in ("whole", "text")]


def _named_rows(source: Source, names: Sequence[str]) -> list[_Rows]:
    return [rows for rows in (_Rows(source, name) for name in names) if rows.sound]
