"""The two rows to compare, and the replicates that both have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unknown
from harness.leaderboard import Leaderboard, Row, score_matrix

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two rows and their values on the seeds that both have: float64 (s, f) each.

    `replicates`: (m, s), the fold means of all rows of the board on all seeds, NaN where missing;
    `places`: where the two rows stand in it. `left_out`: how many further replicates each has.
    """

    rows: tuple[Row, Row]
    seeds: tuple[int, ...]
    values: tuple[Floats, Floats]
    left_out: tuple[int, int]
    replicates: Floats
    places: tuple[int, int]


def make_pair(board: Leaderboard, first: str, second: str, metric: str) -> Pair:
    """Find two rows by label or method and the seeds at which both have `metric` in every fold.

    Raises UserError for a name that is unknown or stands for several rows, a row against itself,
    a metric that neither has, and rows without a common replicate.
    """
    places = (_place(board, first), _place(board, second))
    rows = (board.rows[places[0]], board.rows[places[1]])
    if places[0] == places[1]:
        raise UserError(f"'{first}' and '{second}' are one row; comparing takes two")
    require_metric(board, metric)
    matrix = score_matrix(board.rows, metric, board.aggregate)
    there = np.isfinite(matrix.replicates[list(places)])
    common = there.all(axis=0)
    if not common.any():
        raise UserError(_nothing_in_common(rows, there, metric))
    return Pair(
        rows=rows,
        seeds=tuple(int(seed) for seed in np.array(matrix.seeds)[common]),
        values=(matrix.values[places[0]][common], matrix.values[places[1]][common]),
        left_out=(int((there[0] & ~common).sum()), int((there[1] & ~common).sum())),
        replicates=matrix.replicates,
        places=places,
    )


def _place(board: Leaderboard, name: str) -> int:
    labels = [row.label for row in board.rows]
    if name in labels:
        return labels.index(name)
    found = [place for place, row in enumerate(board.rows) if row.method == name]
    if not found:
        raise unknown("method", name, labels, where=f"{board.protocol} on {board.dataset}")
    if len(found) > 1:
        listed = "; ".join(labels[place] for place in found)
        raise UserError(f"'{name}' stands for {len(found)} rows, name one of them: {listed}")
    return found[0]


def require_metric(board: Leaderboard, metric: str) -> None:
    """Raise UserError unless some row of the board has the metric, or none has any."""
    known = {name for row in board.rows for name in row.scores(board.aggregate)}
    if known and metric not in known:
        raise unknown("metric", metric, known, where="--metric")


def _nothing_in_common(rows: tuple[Row, Row], there: npt.NDArray[np.bool_], metric: str) -> str:
    for row, seeds in zip(rows, there, strict=True):
        if not seeds.any():
            done = f"{row.runs.done} of {row.runs.expected} runs are done"
            return f"'{row.label}' has no complete replicate with {metric} ({done})"
    return f"'{rows[0].label}' and '{rows[1].label}' have no seed in common: nothing to pair"
