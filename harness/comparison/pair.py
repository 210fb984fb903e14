"""The two rows to compare, and the replicates that both have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.results import Board, Row

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two rows and their values on the seeds that both have: float64 (s, f) each.

    `places`: where the two rows stand on the board. `left_out`: how many further replicates each
    has.
    """

    rows: tuple[Row, Row]
    seeds: tuple[int, ...]
    values: tuple[Floats, Floats]
    left_out: tuple[int, int]
    places: tuple[int, int]


def make_pair(board: Board, first: str, second: str, metric: str) -> Pair:
    """Find two rows by label or method and the seeds at which both have `metric` in every fold.

    Raises UserError for a name that is unknown or stands for several rows, a row against itself,
    a metric that neither has, and rows without a common replicate.
    """
    places = (board.row(first), board.row(second))
    rows = (board.rows[places[0]], board.rows[places[1]])
    if places[0] == places[1]:
        raise UserError(f"'{first}' and '{second}' are one row; comparing takes two")
    seeds, values = board.values(board.metric(metric).name)
    there = np.isfinite(values.mean(axis=2)[list(places)])
    common = there.all(axis=0)
    if not common.any():
        raise UserError(_nothing_in_common(rows, there, metric))
    return Pair(
        rows=rows,
        seeds=tuple(int(seed) for seed in np.array(seeds)[common]),
        values=(values[places[0]][common], values[places[1]][common]),
        left_out=(int((there[0] & ~common).sum()), int((there[1] & ~common).sum())),
        places=places,
    )


def _nothing_in_common(rows: tuple[Row, Row], there: npt.NDArray[np.bool_], metric: str) -> str:
    for row, seeds in zip(rows, there, strict=True):
        if not seeds.any():
            done = f"{row.runs.done} of {row.runs.expected} runs are done"
            return f"'{row.label}' has no complete replicate with {metric} ({done})"
    return f"'{rows[0].label}' and '{rows[1].label}' have no seed in common: nothing to pair"
