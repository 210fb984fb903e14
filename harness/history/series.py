"""From snapshots to a series for each row, cut wherever digests changed; and as a table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from harness.errors import counted
from harness.gate.metrics import GatedMetric, Margin
from harness.history.change_points import LEVEL, ChangePoint, change_points
from harness.history.collecting import Snapshot
from harness.metrics import title_of
from harness.record import Record
from harness.results import Board, build_board
from harness.results.board import Row
from harness.statistics.intervals import Interval, t_interval
from harness.table import Cell, Column, Table

UNCHANGED, ANEW = "", "not comparable with before"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A method's score in one snapshot. `change`: set where it is another than before."""

    label: str
    when: str
    interval: Interval
    values: dict[int, float]
    comparable: bool = True
    change: ChangePoint | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """One method on one board over time."""

    protocol: str
    dataset: str
    method: str
    higher_is_better: bool
    steps: tuple[Step, ...]


def series_of(
    snapshots: Sequence[Snapshot],
    metric: str,
    *,
    higher_is_better: bool = True,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Series]:
    """The series of every board and method, with its change points.

    A step that is not comparable with the one before (a digest, the semantics, the trunk or the
    number of folds differ) begins anew: no change is looked for across it.
    """
    measured = GatedMetric(name=metric, higher_is_better=higher_is_better, margin=Margin(0.0))
    steps: dict[tuple[str, str, str], list[tuple[Hashable, Step]]] = {}
    for snapshot in snapshots:
        board = build_board(snapshot.records)
        known = {record.run_id: record for record in snapshot.records}
        for row in board.rows:
            values = _values(row, measured, known)
            step = Step(
                label=snapshot.label,
                when=snapshot.when,
                interval=row.metrics.get(metric) or t_interval(list(values.values())),
                values=values,
            )
            place = (board.protocol, board.dataset, row.label)
            steps.setdefault(place, []).append((_kind(board), step))
    return [
        Series(
            protocol=protocol,
            dataset=dataset,
            method=method,
            higher_is_better=higher_is_better,
            steps=tuple(_marked(found, seed, level)),
        )
        for (protocol, dataset, method), found in sorted(steps.items())
    ]


def _values(row: Row, metric: GatedMetric, known: Mapping[str, Record]) -> dict[int, float]:
    """By seed the mean over folds, costs too; a replicate that lacks a value is left out."""
    found = {seed: [metric.value(known[run]) for run in runs] for seed, runs in row.run_ids.items()}
    return {
        seed: fmean(value for value in values if value is not None)
        for seed, values in found.items()
        if None not in values
    }


def _kind(board: Board) -> Hashable:
    return (board.protocol_digest, board.dataset_digest, board.semantics, board.trunk, board.folds)


def _marked(found: Sequence[tuple[Hashable, Step]], seed: int, level: float) -> list[Step]:
    marked: list[Step] = []
    start = 0
    for end in range(1, len(found) + 1):
        if end == len(found) or found[end][0] != found[start][0]:
            part = [step for _, step in found[start:end]]
            if start:
                part[0] = replace(part[0], comparable=False)
            marked += _with_changes(part, seed, level)
            start = end
    return marked


def _with_changes(part: Sequence[Step], seed: int, level: float) -> list[Step]:
    seeds = sorted({seed for step in part for seed in step.values})
    measured = [place for place, step in enumerate(part) if step.values]
    table = [[part[place].values.get(seed, math.nan) for place in measured] for seed in seeds]
    if len(measured) < 2:
        return list(part)
    changes = {
        measured[change.at]: change
        for change in change_points(np.array(table), seed=seed, level=level)
    }
    return [replace(step, change=changes.get(place)) for place, step in enumerate(part)]


def history_table(series: Sequence[Series], metric: str, notes: Sequence[str] = ()) -> Table:
    """Every method's score over time, change points marked; oldest first."""
    title = title_of(metric)
    columns = (
        Column(key="board", title="board", priority=0, wraps=True, least=16),
        Column(key="method", title="method", priority=0),
        Column(key="when", title="when", priority=1, wraps=True, least=10),
        Column(key="version", title="version", priority=3),
        Column(key="mean", title=title, align="right", priority=0, digits=4),
        Column(key="low", title="low", align="right", priority=2, digits=4),
        Column(key="high", title="high", align="right", priority=2, digits=4),
        Column(key="replicates", title="replicates", align="right", priority=3),
        Column(key="change", title="change", priority=0, wraps=True, least=10),
        Column(key="p_value", title="p", align="right", priority=2, digits=4),
    )
    rows = [row for one in series for row in _rows(one)]
    return Table(columns=columns, rows=rows, notes=[*_told(series), *notes])


def _rows(series: Series) -> Iterator[dict[str, Cell]]:
    for step in series.steps:
        yield {
            "board": f"{series.protocol} on {series.dataset}",
            "method": series.method,
            "when": step.when[:16].replace("T", " "),
            "version": step.label,
            "mean": step.interval.mean,
            "low": step.interval.low,
            "high": step.interval.high,
            "replicates": step.interval.n,
            "change": _mark(series, step),
            "p_value": step.change.p_value if step.change else None,
        }


def _mark(series: Series, step: Step) -> str:
    if not step.comparable:
        return ANEW
    if step.change is None:
        return UNCHANGED
    better = (step.change.change > 0) == series.higher_is_better
    return f"{'better' if better else 'WORSE'} {step.change.change:+.4f}"


def _told(series: Sequence[Series]) -> Iterator[str]:
    steps = [step for one in series for step in one.steps]
    changes = sum(step.change is not None for step in steps)
    snapshots = {(step.when, step.label) for step in steps}
    yield (
        f"{counted(changes, 'change point')} in {len(series)} series of "
        f"{counted(len(snapshots), 'snapshot')}"
    )
