"""A board for people as a Table, and for programs as a wide Table or a JSON document."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.metrics import RANKED_BY
from harness.record import Declared
from harness.results.board import Board, Cost, Row
from harness.results.notes import notes_of
from harness.results.replicates import Intervals
from harness.statistics.intervals import Interval
from harness.table import Cell, Column, FittedTable, Format, Table, render

_PLACE = Column(key="place", title="#", align="right", priority=0)
_METHOD = Column(key="method", title="method", priority=0, wraps=True)
_BEST = Column(key="best", title="*", priority=1)
_TIES = Column(key="ties", title="ties", priority=1)
_RANKS = Column(key="ranks", title="rank", align="right", priority=1)
_RUNS = Column(key="runs", title="runs", align="right", priority=1)
_COST = (
    Column(key="training_seconds", title="train s", align="right", priority=2, digits=1),
    Column(key="parameters", title="params + objective", align="right", priority=5),
    Column(key="images_embedded", title="images", align="right", priority=5),
    Column(key="backward_passes", title="passes/step", align="right", priority=6, digits=2),
    Column(key="declared", title="batch", priority=6),
)
_PROCESSOR = Column(key="processor_seconds", title="cpu s", align="right", priority=3, digits=1)
_QUARTER = Column(key="by_a_quarter", title="speed", align="right", priority=5)
_SEARCH = Column(key="search_seconds", title="search s", align="right", priority=3, digits=0)
_DEFAULTS = Column(key="defaults", title="defaults from", priority=3)
_BRIEF = Column(key="brief_marks", title="marks", priority=0)
_MARKS = Column(key="marks", title="marks", priority=2, brief=_BRIEF)


def display_table(
    board: Board, metrics: Sequence[str] | None = None, places: Sequence[int] | None = None
) -> Table:
    """The board as a person reads it: `mean [low, high]` of each metric, runs, cost, marks.

    `metrics` chooses the columns; by default the usual ones and those of plugins. The metric that
    orders the rows is always one of them. `places` chooses rows: what is told of them stays what
    the whole board tells. Raises UserError for a metric that no row has.
    """
    names = _chosen(board, metrics)
    ordered_by = board.ranked_by
    rows = _rows(board, places)
    scores = [_metric_column(board, name, place) for place, name in enumerate(names)]
    beside = 1 + names.index(ordered_by) if ordered_by in names else 0
    scores[beside:beside] = _standing_columns(board)
    costs = [*_COST]
    if any(row.cost and row.cost.processor_seconds is not None for _, row in rows):
        costs.insert(1, _PROCESSOR)
    if any(row.cost and row.cost.by_a_quarter is not None for _, row in rows):
        costs.insert(-1, _QUARTER)
    search = [_SEARCH] if any(row.cost and row.cost.search_seconds for _, row in rows) else []
    defaults = [_DEFAULTS] if any(_defaults_text(row) for _, row in rows) else []
    marks = [_MARKS] if any(_marks(row) for _, row in rows) else []
    return Table(
        title=_title(board),
        columns=[_PLACE, _METHOD, *scores, _RUNS, *costs, *search, *defaults, *marks],
        rows=[_display_row(board, place, row, names) for place, row in rows],
        best=_best(board, [row for _, row in rows], names),
        notes=[*_part(board, rows), *notes_of(board, [row for _, row in rows])],
    )


def _rows(board: Board, places: Sequence[int] | None) -> list[tuple[int, Row]]:
    wanted = range(len(board.rows)) if places is None else places
    return [(place, board.rows[place]) for place in wanted]


def _part(board: Board, rows: Sequence[tuple[int, Row]]) -> list[str]:
    if len(rows) == len(board.rows):
        return []
    return [f"{len(rows)} of {len(board.rows)} rows; what is told of them is of the whole board"]


def wide_table(board: Board, places: Sequence[int] | None = None) -> Table:
    """The board for programs: four columns a metric, plain numbers, one row a method."""
    names = board.metrics
    rows = [_wide_row(board, row, names) for _, row in _rows(board, places)]
    keys = dict.fromkeys(key for row in rows for key in row)
    return Table(columns=[Column(key=key, title=key) for key in keys], rows=rows)


def interval_text(interval: Interval | None) -> str:
    """`mean [low, high]` with three decimals, or what there is of it."""
    if interval is None or interval.mean is None:
        return ""
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _chosen(board: Board, metrics: Sequence[str] | None) -> list[str]:
    if metrics is None:
        names = [name for name in board.metrics if board.facts(name).usual]
    else:
        names = [board.metric(name, where="--metrics").name for name in metrics]
    first = [] if board.ranked_by in names or not board.metrics else [board.ranked_by]
    return [*first, *names]


def _standing_columns(board: Board) -> list[Column]:
    """The mark of the top group, and letters or ranks; none where they would say nothing."""
    if board.ranked_by not in board.metrics:
        return []
    found = board.telling(board.ranked_by).found
    told = {"letters": [_TIES], "ranks": [_RANKS], "nothing": []}[found.shown]
    return [_BEST, *told] if found.marked else told


def span_text(ranks: tuple[int, int] | None) -> str | None:
    """`1-29`, or the one rank."""
    if ranks is None:
        return None
    low, high = ranks
    return str(low) if low == high else f"{low}-{high}"


def _best(board: Board, rows: Sequence[Row], names: Iterable[str]) -> set[tuple[int, str]]:
    """The best mean of each metric among the rows, to the decimals shown; equal ones all are.

    Metrics whose direction nobody recorded are left out.
    """
    best: set[tuple[int, str]] = set()
    for name in names:
        intervals = [row.scores(board.aggregate).get(name) for row in rows]
        shown = [
            None if interval is None or interval.mean is None else round(interval.mean, 3)
            for interval in intervals
        ]
        known = [value for value in shown if value is not None]
        higher = board.facts(name).higher_is_better
        if higher is not None and known:
            top = max(known) if higher else min(known)
            best |= {(row, name) for row, value in enumerate(shown) if value == top}
    return best


def _metric_column(board: Board, name: str, place: int) -> Column:
    return Column(
        key=name,
        title=board.facts(name).title,
        align="right",
        priority=0 if place == 0 else min(place, 2) + 1,
    )


def _title(board: Board) -> str:
    by = "" if board.ranked_by == RANKED_BY else f", by {board.facts(board.ranked_by).title}"
    kind = "joined folds" if board.aggregate == "concatenated" else "folds averaged"
    return f"{board.protocol} on {board.dataset}: {kind}; mean [95 % interval]{by}"


def _display_row(board: Board, place: int, row: Row, names: Iterable[str]) -> dict[str, Cell]:
    scores = row.scores(board.aggregate)
    marks = _marks(row)
    return {
        "place": 1 + place if scores else None,
        "method": row.label,
        "best": "*" if row.best else None,
        "ties": row.ties,
        "ranks": span_text(row.ranks),
        **{name: interval_text(scores.get(name)) for name in names},
        "runs": f"{row.runs.done} of {row.runs.expected}",
        **{key: show(row.cost) if row.cost else None for key, show in _SHOWN_COST.items()},
        "declared": _declared_text(row.declared),
        "defaults": _defaults_text(row),
        "marks": "; ".join(marks),
        "brief_marks": ", ".join(dict.fromkeys(map(_brief, marks))),
    }


_SHOWN_COST: Mapping[str, Callable[[Cost], Cell]] = {
    "training_seconds": lambda cost: cost.training_seconds,
    "processor_seconds": lambda cost: cost.processor_seconds,
    "search_seconds": lambda cost: cost.search_seconds,
    "parameters": lambda cost: (
        f"{cost.trunk_parameters + cost.head_parameters:,.0f} + {cost.objective_parameters:,.0f}"
    ),
    "images_embedded": lambda cost: f"{cost.images_embedded:,.0f}",
    "backward_passes": lambda cost: cost.backward_passes_per_step,
    "by_a_quarter": lambda cost: None if (by := cost.by_a_quarter) is None else f"{by:.0%}",
}


def _marks(row: Row) -> list[str]:
    """What a reader must know of a row; what holds for the whole board is said below it."""
    failed = [f"{row.runs.failed} failed"] if row.runs.failed else []
    skipped = [f"{row.runs.skipped} skipped"] if row.runs.skipped else []
    return [*failed, *skipped, *row.flags]


_BRIEF_MARKS = (
    (r"ensemble of (\d+)", r"x\1"),
    (r"([\d.]+)x images", r"\1x img"),
    (r"collapsed in .*", "collapsed"),
    (r"kept its initial weights in .*", "initial"),
    (r"hyperparameters by hand", "by hand"),
    (r"best on a bound: .*", "bound"),
    (r".* trials failed", "trials"),
    (r"(.*) missing in .*", r"no \1"),
)


def _brief(mark: str) -> str:
    """A mark in a word or two, for a terminal that has no room for the whole."""
    for pattern, brief in _BRIEF_MARKS:
        if found := re.fullmatch(pattern, mark):
            return found.expand(brief)
    return mark


def _defaults_text(row: Row) -> str:
    """Where the defaults that a row ran at are from; nothing for a searched row, or if unsaid."""
    said = row.declared.defaults_from
    return "" if said == "unsaid" or "search" in row.chosen_by else said


def _declared_text(declared: Declared) -> str:
    parts = [declared.composition]
    parts += [f"{declared.views} views"] if declared.views != 1 else []
    parts += [f"labels: {declared.labels}"] if declared.labels != "all" else []
    parts += [f"labels: class, {', '.join(declared.label_sets)}"] if declared.label_sets else []
    return ", ".join(parts)


def _wide_row(board: Board, row: Row, names: Iterable[str]) -> dict[str, Cell]:
    scores = row.scores(board.aggregate)
    told = any(one.ties is not None for one in board.rows)
    cells: dict[str, Cell] = {
        "method": row.method,
        "distribution": row.distribution,
        "version": row.version,
        "hyperparameters": json.dumps(dict(row.hyperparameters), sort_keys=True),
        "defaults_from": row.declared.defaults_from,
        **(_standing_cells(row) if told else {}),
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


def _standing_cells(row: Row) -> dict[str, Cell]:
    low, high = row.ranks or (None, None)
    best = None if row.best is None else int(row.best)
    return {"ties": row.ties, "may_be_best": best, "rank_low": low, "rank_high": high}


def board_document(board: Board, places: Sequence[int] | None = None) -> dict[str, Any]:
    """The board as plain data: no NaN, no infinity (None instead), keys in a fixed order."""
    rows = [row for _, row in _rows(board, places)]
    return {
        "protocol": board.protocol,
        "protocol_digest": board.protocol_digest,
        "dataset": board.dataset,
        "dataset_digest": board.dataset_digest,
        "unlocked": list(board.unlocked),
        "semantics": dataclasses.asdict(board.semantics),
        "folds": board.folds,
        "replicates": board.replicates,
        "looks": list(board.looks),
        "ranked_by": {"metric": board.ranked_by, "aggregate": board.aggregate},
        "notes": list(notes_of(board, rows)),
        "rows": [_document_row(row) for row in rows],
    }


def _document_row(row: Row) -> dict[str, Any]:
    return {
        "method": row.method,
        "ties": row.ties,
        "may_be_best": row.best,
        "ranks": None if row.ranks is None else list(row.ranks),
        "metrics": _intervals(row.metrics),
        "concatenated": _intervals(row.concatenated),
        "class_means": _intervals(row.class_means),
        "runs": dataclasses.asdict(row.runs),
        "failures": [dataclasses.asdict(failure) for failure in row.failures],
        "audit": _document_cost(row.cost),
        "distribution": row.distribution,
        "version": row.version,
        "source": row.source,
        "hyperparameters": {name: _finite(v) for name, v in row.hyperparameters.items()},
        "chosen_by": list(row.chosen_by),
        "declared": row.declared.model_dump(mode="json"),
        "flags": list(row.flags),
    }


def _intervals(intervals: Intervals) -> dict[str, Any]:
    return {
        name: {key: _finite(value) for key, value in dataclasses.asdict(interval).items()}
        for name, interval in intervals.items()
    }


def _document_cost(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    values = dataclasses.asdict(cost)
    parts = {name: values.pop(f"{name}_parameters") for name in ("trunk", "head", "objective")}
    plain = {key: _finite(value) for key, value in values.items()}
    return {**plain, "parameters": {**parts, "total": cost.parameters}}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def render_board(
    board: Board,
    format: Format,  # noqa: A002 - the word of the command line
    *,
    metrics: Sequence[str] | None = None,
    places: Sequence[int] | None = None,
) -> str:
    """The board as text, ended by a newline.

    `metrics` chooses the columns of the formats for people; `csv` and `json` hold all there is.
    `places` chooses rows.
    """
    if format == "json":
        document = board_document(board, places)
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if format == "csv":
        return render(wide_table(board, places), "csv")
    return render(display_table(board, metrics, places), format)


def board_renderable(
    board: Board, metrics: Sequence[str] | None = None, places: Sequence[int] | None = None
) -> FittedTable:
    """The board for rich's Console or Live; columns without room are left out and named."""
    return FittedTable(display_table(board, metrics, places))
