"""Series as a table: a row a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.history.series import Series, Step
from harness.metrics import title_of
from harness.table import Cell, Column, Table

UNCHANGED, ANEW = "", "not comparable with before"


def history_table(series: Sequence[Series], metric: str, notes: Sequence[str] = ()) -> Table:
    """Every method's score over time, change points marked; oldest first."""
    title = title_of(metric)
    columns = (
        Column(key="board", title="board", priority=2),
        Column(key="method", title="method", priority=0),
        Column(key="when", title="when", priority=1),
        Column(key="version", title="version", priority=1),
        Column(key="mean", title=title, align="right", priority=0, digits=4),
        Column(key="low", title="low", align="right", priority=1, digits=4),
        Column(key="high", title="high", align="right", priority=1, digits=4),
        Column(key="replicates", title="replicates", align="right", priority=3),
        Column(key="change", title="change", priority=0),
        Column(key="p_value", title="p", align="right", priority=1, digits=4),
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
    yield (
        f"{changes} change {'point' if changes == 1 else 'points'} in {len(series)} series "
        f"of {len({(step.when, step.label) for step in steps})} snapshots"
    )
