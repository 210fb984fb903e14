"""Tie groups: which rows of a board cannot be told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from harness.leaderboard.board import Aggregate, Row
from harness.leaderboard.matrix import score_matrix
from harness.statistics import all_pairs, tie_letters

LEVEL = 0.05
FEW = 5  # replicates; below, Student's t needs several times the difference that ten need


def with_ties(rows: Sequence[Row], metric: str, aggregate: Aggregate) -> tuple[Row, ...]:
    """The ranked rows with their letters, where there are two replicates or more to go by.

    Rows share a letter unless the paired t-test over their common replicates, folds averaged,
    tells them apart at 5 % after Holm over all pairs on the board. A row of one replicate has no
    letter: nothing is known of its noise.
    """
    replicates = score_matrix(rows, metric, aggregate).replicates
    tested = np.flatnonzero(np.isfinite(replicates).sum(axis=1) >= 2).tolist()
    if len(tested) < 2:
        return tuple(rows)
    letters = dict(
        zip(tested, tie_letters(all_pairs(replicates[tested]).apart(LEVEL)), strict=True)
    )
    return tuple(
        dataclasses.replace(row, ties=letters.get(place)) for place, row in enumerate(rows)
    )


def ties_note(rows: Sequence[Row], aggregate: Aggregate) -> tuple[str, ...]:
    """What the letters mean, if there are any."""
    lettered = [row for row in rows if row.ties is not None]
    if not lettered:
        return ()
    pairs = len(lettered) * (len(lettered) - 1) // 2
    fewest = min(len(row.values(aggregate)) for row in lettered)
    caution = f"; {fewest} replicates tell only large differences apart" if fewest < FEW else ""
    return (
        "ties: rows that share a letter cannot be told apart by MAP@R (paired t-test over "
        f"replicates, 5 %, Holm over {pairs} {'pair' if pairs == 1 else 'pairs'}){caution}",
    )
