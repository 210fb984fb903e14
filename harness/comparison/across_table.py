"""A comparison across datasets as a Table."""

from __future__ import annotations

from harness.comparison.across import Across, Placed
from harness.metrics import title_of
from harness.table import Cell, Column, Table


def across_table(across: Across) -> Table:
    """One row a method: average rank, mean on each dataset, and what the leader is to it."""
    name = title_of(across.metric)
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        Column(key="rank", title="average rank", align="right", priority=0, digits=2),
        *(
            Column(key=dataset, title=dataset, align="right", priority=2, digits=3)
            for dataset in across.datasets
        ),
        Column(key="better", title="leader better", align="right", priority=1, digits=2),
        Column(key="equal", title="equal", align="right", priority=1, digits=2),
        Column(key="worse", title="leader worse", align="right", priority=1, digits=2),
    ]
    return Table(
        title=f"{name} over {len(across.datasets)} datasets",
        columns=columns,
        rows=[_cells(across, row) for row in across.rows],
        notes=_notes(across),
    )


def _cells(across: Across, row: Placed) -> dict[str, Cell]:
    return {
        "method": row.method,
        "rank": row.rank,
        **dict(zip(across.datasets, row.means, strict=True)),
        "better": None if row.leader is None else row.leader.first,
        "equal": None if row.leader is None else row.leader.equal,
        "worse": None if row.leader is None else row.leader.second,
    }


def _notes(across: Across) -> list[str]:
    notes = [
        f"average ranks differ at 5 % from {across.difference:.2f} on (Nemenyi, "
        f"{len(across.rows)} methods, {len(across.datasets)} datasets)"
    ]
    if across.friedman is not None:
        notes.append(f"all methods alike: p = {across.friedman:.3g} (Friedman)")
    notes.append(
        f"leader better, equal, worse: Bayesian signed-rank test; equal is within {across.rope:g}"
    )
    if across.left_out:
        notes.append(f"not on every leaderboard: {', '.join(across.left_out)}")
    return notes
