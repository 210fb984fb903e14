"""A ranking as a Table."""

from __future__ import annotations

from harness.comparison.ranking import Ranked, Ranking
from harness.metrics import title_of
from harness.results import interval_text
from harness.table import Cell, Column, Table


def ranking_table(ranking: Ranking) -> Table:
    """One row a method: mean, letters, rank interval, bootstrap; and what these mean."""
    name = title_of(ranking.metric)
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        Column(key="score", title=name, align="right", priority=0),
        Column(key="ties", title="ties", priority=1),
        Column(key="ranks", title="rank", align="right", priority=1),
        Column(key="bootstrap", title="bootstrap", align="right", priority=2),
        Column(key="first", title="best in", align="right", priority=3),
    ]
    board = ranking.board
    return Table(
        title=f"{board.protocol} on {board.dataset}, by {name}; mean [95 % t-interval]",
        columns=columns,
        rows=[_cells(row) for row in ranking.rows],
        notes=_notes(ranking),
    )


def _cells(row: Ranked) -> dict[str, Cell]:
    ends = row.resampled
    return {
        "method": row.label,
        "score": interval_text(row.interval),
        "ties": row.ties,
        "ranks": None if row.lowest is None else _span(row.lowest, row.highest or row.lowest),
        "bootstrap": None if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]",
        "first": None if row.first is None else f"{100 * row.first:.0f} %",
    }


def _span(lowest: int, highest: int) -> str:
    return str(lowest) if lowest == highest else f"{lowest} to {highest}"


def _notes(ranking: Ranking) -> list[str]:
    notes = []
    if ranking.pairs:
        notes.append(
            "ties, rank: paired t-tests over replicates, 5 %, Holm over "
            f"{ranking.pairs} {'pair' if ranking.pairs == 1 else 'pairs'}; all rank intervals "
            "hold together with 95 %"
        )
    if ranking.levels:
        notes.append(
            f"bootstrap: for other {', '.join(ranking.levels)}; best in: share of its draws; "
            f"{ranking.seeds} common seeds"
        )
    if not ranking.higher_is_better:
        notes.append("lower is better")
    if ranking.board.unlocked:
        notes.append(f"unlocked protocol: {', '.join(ranking.board.unlocked)} not as published")
    return notes
