"""A leaderboard as a Table for people, and as a wide Table for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.errors import unknown
from harness.leaderboard.board import RANKED_BY, Cost, Leaderboard, Row
from harness.record import Declared
from harness.statistics import Interval
from harness.table import Cell, Column, Table

TITLES = {
    "map_at_r": "MAP@R",
    "precision_at_1": "P@1",
    "r_precision": "R-precision",
    "nmi": "NMI",
    "ami": "AMI",
    "recall_at_1": "R@1",
    "recall_at_2": "R@2",
    "recall_at_4": "R@4",
    "recall_at_8": "R@8",
    "map": "MAP",
    "mrr": "MRR",
    "ari": "ARI",
    "pairwise_f1": "F1 (pairs)",
}
# Shown unless others are asked for; R@1 is P@1, and the others tell little beside these.
USUAL = ("map_at_r", "precision_at_1", "r_precision", "nmi", "ami")

_METHOD = Column(key="method", title="method", priority=0, wraps=True)
_TIES = Column(key="ties", title="ties", priority=1)
_RUNS = Column(key="runs", title="runs", align="right", priority=1)
_COST = (
    Column(key="training_seconds", title="train s", align="right", priority=2, digits=1),
    Column(key="parameters", title="params + objective", align="right", priority=5),
    Column(key="images_embedded", title="images", align="right", priority=5),
    Column(key="backward_passes", title="passes/step", align="right", priority=6, digits=2),
    Column(key="declared", title="batch", priority=6),
)
_SEARCH = Column(key="search_seconds", title="search s", align="right", priority=3, digits=0)
_MARKS = Column(key="marks", title="marks", priority=2)


def display_table(board: Leaderboard, metrics: Sequence[str] | None = None) -> Table:
    """The board as a person reads it: `mean [low, high]` of each metric, runs, cost, marks.

    `metrics` chooses the columns; by default the usual ones and those of plugins. Raises
    UserError for a metric that no row has.
    """
    names = _chosen(board, metrics)
    columns = [_METHOD, *(_metric_column(name, place) for place, name in enumerate(names))]
    if _has_ties(board):  # beside the metric that they are of
        columns.insert(2 + names.index(RANKED_BY) if RANKED_BY in names else 1, _TIES)
    search = [_SEARCH] if any(row.cost and row.cost.search_seconds for row in board.rows) else []
    marks = [_MARKS] if any(map(_marks_text, board.rows)) else []
    return Table(
        title=_title(board),
        columns=[*columns, _RUNS, *_COST, *search, *marks],
        rows=[_display_row(board, row, names) for row in board.rows],
        best=_best(board, names),
        notes=board.notes,
    )


def wide_table(board: Leaderboard) -> Table:
    """The board for programs: four columns a metric, plain numbers, one row a method."""
    names = _present(board)
    rows = [_wide_row(board, row, names) for row in board.rows]
    keys = dict.fromkeys(key for row in rows for key in row)
    return Table(columns=[Column(key=key, title=key) for key in keys], rows=rows)


def interval_text(interval: Interval | None) -> str:
    """`mean [low, high]` with three decimals, or what there is of it."""
    if interval is None or interval.mean is None:
        return ""
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _chosen(board: Leaderboard, metrics: Sequence[str] | None) -> list[str]:
    present = _present(board)
    if metrics is None:
        return [name for name in present if name in USUAL or name not in TITLES]
    for name in metrics:
        if name not in present:
            raise unknown("metric", name, present, where="--metrics")
    return list(metrics)


def _present(board: Leaderboard) -> list[str]:
    """Every metric that some row has: the known ones in their order, then those of plugins."""
    found = {name for row in board.rows for name in row.scores(board.aggregate)}
    return [name for name in TITLES if name in found] + sorted(found - TITLES.keys())


def _has_ties(board: Leaderboard) -> bool:
    return any(row.ties is not None for row in board.rows)


def _best(board: Leaderboard, names: Iterable[str]) -> set[tuple[int, str]]:
    """The highest mean of each metric, to the decimals shown; equal ones all are.

    Metrics of plugins are left out: Records do not say which way those are better.
    """
    best: set[tuple[int, str]] = set()
    for name in names:
        intervals = [row.scores(board.aggregate).get(name) for row in board.rows]
        shown = [
            None if interval is None or interval.mean is None else round(interval.mean, 3)
            for interval in intervals
        ]
        known = [value for value in shown if value is not None]
        if name in TITLES and known:
            best |= {(row, name) for row, value in enumerate(shown) if value == max(known)}
    return best


def _metric_column(name: str, place: int) -> Column:
    return Column(
        key=name,
        title=TITLES.get(name, name),
        align="right",
        priority=0 if place == 0 else min(place, 2) + 1,
    )


def _title(board: Leaderboard) -> str:
    kind = "joined folds" if board.aggregate == "concatenated" else "separate folds, averaged"
    return f"{board.protocol} on {board.dataset}: {kind}; mean [95 % t-interval over replicates]"


def _display_row(board: Leaderboard, row: Row, names: Iterable[str]) -> dict[str, Cell]:
    scores = row.scores(board.aggregate)
    return {
        "method": row.label,
        "ties": row.ties,
        **{name: interval_text(scores.get(name)) for name in names},
        "runs": f"{row.runs.done} of {row.runs.expected}",
        **{key: show(row.cost) if row.cost else None for key, show in _SHOWN_COST.items()},
        "declared": _declared_text(row.declared),
        "marks": _marks_text(row),
    }


_SHOWN_COST: Mapping[str, Callable[[Cost], Cell]] = {
    "training_seconds": lambda cost: cost.training_seconds,
    "search_seconds": lambda cost: cost.search_seconds,
    "parameters": lambda cost: (
        f"{cost.trunk_parameters + cost.head_parameters:,.0f} + {cost.objective_parameters:,.0f}"
    ),
    "images_embedded": lambda cost: f"{cost.images_embedded:,.0f}",
    "backward_passes": lambda cost: cost.backward_passes_per_step,
}


def _marks_text(row: Row) -> str:
    failed = [f"{row.runs.failed} failed"] if row.runs.failed else []
    skipped = [f"{row.runs.skipped} skipped"] if row.runs.skipped else []
    return "; ".join([*failed, *skipped, *row.flags])


def _declared_text(declared: Declared) -> str:
    parts = [declared.composition]
    parts += [f"{declared.views} views"] if declared.views != 1 else []
    parts += [f"labels: {declared.labels}"] if declared.labels != "all" else []
    return ", ".join(parts)


def _wide_row(board: Leaderboard, row: Row, names: Iterable[str]) -> dict[str, Cell]:
    scores = row.scores(board.aggregate)
    cells: dict[str, Cell] = {
        "method": row.method,
        "distribution": row.distribution,
        "version": row.version,
        "hyperparameters": json.dumps(dict(row.hyperparameters), sort_keys=True),
        **({"ties": row.ties} if _has_ties(board) else {}),
    }
    for name in names:
        interval = scores.get(name, Interval(mean=None, low=None, high=None, n=0))
        cells |= {
            f"{name}_mean": interval.mean,
            f"{name}_low": interval.low,
            f"{name}_high": interval.high,
            f"{name}_n": interval.n,
        }
    runs = {f"runs_{key}": count for key, count in vars(row.runs).items()}
    cost = vars(row.cost) if row.cost else {}
    return {**cells, **runs, **cost, "flags": "; ".join(row.flags)}
