"""All rows of a Board by one metric: ranks, tie groups and the bootstrap, and as a Table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.metrics import MetricFacts, title_of
from harness.results.board import Board
from harness.results.class_sums import sums_of_rows
from harness.results.display import interval_text, span_text
from harness.results.notes import caution_notes
from harness.results.source import Source, as_source
from harness.statistics.bootstrap import Bootstrap, hierarchical_bootstrap
from harness.statistics.intervals import Interval
from harness.statistics.standings import Standing, Standings, shares_of_best
from harness.store import Store
from harness.table import Cell, Column, Table

_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One row: its interval, and where it may stand, as the board has it.

    `standing.ranks`: all of a board hold together with 95 %. `resampled`: the ends of the
    bootstrap's interval; `first`: the share of its draws in which the row is the best.
    """

    label: str
    interval: Interval
    standing: Standing
    resampled: tuple[float, float] | None = None
    first: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The rows, best first; how many seeds the bootstrap resampled, and which levels.

    `told`: what their marks mean; `found`: which of them are shown, as on the board.
    """

    board: Board
    metric: str
    higher_is_better: bool
    rows: tuple[Ranked, ...]
    told: tuple[str, ...]
    found: Standings
    seeds: int
    levels: tuple[str, ...]


def load_ranking(
    source: Source | Store, board: Board, *, metric: str, higher_is_better: bool = True
) -> Ranking:
    """Rank the rows of a board of `source` by `metric`, with all that is known of each.

    The bootstrap is over the seeds that all rows of two replicates or more have, so that its
    draws are common; without such seeds, or scores by query, there is none. Raises UserError for
    an unknown metric or a damaged artifact.
    """
    metric = board.metric(metric).name
    telling = board.telling(metric, higher_is_better=higher_is_better)
    tested = [telling.order[place] for place in telling.tested]
    every, values = board.values(metric)
    there = np.isfinite(values[tested]).all(axis=(0, 2))
    seeds = [every[place] for place in np.flatnonzero(there).tolist()]
    sums = sums_of_rows(as_source(source), board, tested, seeds, metric) if len(seeds) > 1 else None
    drawn = None
    if sums:
        stacked = np.array([one.sums for one in sums])
        drawn = hierarchical_bootstrap(stacked, sums[0].counts, seed=_SEED)
    resampled = _resampled(drawn, tested, board.facts(metric), higher_is_better=higher_is_better)
    rows = []
    for row, standing in zip(telling.order, telling.found.rows, strict=True):
        ends, first = resampled.get(row, (None, None))
        rows.append(
            Ranked(
                label=board.rows[row].label,
                # The board's own, whatever units its pairs are compared on.
                interval=board.rows[row].scores(board.aggregate).get(metric, standing.interval),
                standing=standing,
                resampled=ends,
                first=first,
            )
        )
    return Ranking(
        board=board,
        metric=metric,
        higher_is_better=higher_is_better,
        rows=tuple(rows),
        told=telling.notes,
        found=telling.found,
        seeds=len(seeds) if drawn else 0,
        levels=drawn.levels if drawn else (),
    )


def _resampled(
    drawn: Bootstrap | None, order: Sequence[int], facts: MetricFacts, *, higher_is_better: bool
) -> dict[int, tuple[tuple[float, float], float]]:
    if drawn is None:
        return {}
    shares = shares_of_best(drawn.draws if higher_is_better else -drawn.draws)
    # Centred draws may pass a bound that no score can.
    least = -np.inf if facts.low is None else facts.low
    most = np.inf if facts.high is None else facts.high
    low, high = (np.clip(ends, least, most) for ends in (drawn.low, drawn.high))
    return {
        place: ((float(low[rank]), float(high[rank])), float(shares[rank]))
        for rank, place in enumerate(order)
    }


def ranking_table(ranking: Ranking) -> Table:
    """One row a method: mean, letters, rank interval, bootstrap; and what these mean."""
    name = title_of(ranking.metric)
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        Column(key="score", title=name, align="right", priority=0),
        *([Column(key="best", title="*", priority=1)] if ranking.found.marked else []),
        *(
            [Column(key="ties", title="ties", priority=1)]
            if ranking.found.shown == "letters"
            else []
        ),
        Column(key="ranks", title="rank", align="right", priority=1),
        Column(key="bootstrap", title="bootstrap", align="right", priority=2),
        Column(key="first", title="best in", align="right", priority=3),
    ]
    board = ranking.board
    return Table(
        title=f"{board.protocol} on {board.dataset}, by {name}; mean [95 % interval]",
        columns=columns,
        rows=[_cells(row) for row in ranking.rows],
        notes=_notes(ranking),
    )


def _cells(row: Ranked) -> dict[str, Cell]:
    ends = row.resampled
    return {
        "method": row.label,
        "score": interval_text(row.interval),
        "best": "*" if row.standing.best else None,
        "ties": row.standing.ties,
        "ranks": span_text(row.standing.ranks),
        "bootstrap": None if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]",
        "first": None if row.first is None else f"{100 * row.first:.0f} %",
    }


def _notes(ranking: Ranking) -> list[str]:
    notes = [*ranking.told, *caution_notes(ranking.board), *ranking.board.beside]
    if ranking.levels:
        notes.append(
            f"bootstrap: for other {', '.join(ranking.levels)}; best in: share of its draws; "
            f"{ranking.seeds} common seeds"
        )
    if not ranking.higher_is_better:
        notes.append("lower is better")
    return notes
