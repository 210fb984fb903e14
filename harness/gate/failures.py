"""Runs that the baseline has and the candidate failed: never a silent gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.gate.metrics import GatedMetric
from harness.gate.report import Line
from harness.record import Record


def failure_line(
    label: str, before: Sequence[Record], after: Sequence[Record], metrics: Sequence[GatedMetric]
) -> Line | None:
    """The line on a method's failed runs, or None; a failure that the baseline had too is none.

    A done run whose gated metric is missing or not finite, and was not in the baseline, failed.
    """
    sound = {_place(run) for run in before if run.state == "done"}
    unsound = {_place(run) for run in before if run.state != "done"}
    reasons = [
        f"seed {run.identity.seed}, fold {run.identity.fold}: {reason}"
        for run in after
        if _place(run) not in unsound
        for reason in _reasons(run, metrics, expected=_place(run) in sound)
    ]
    if not reasons:
        return None
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    count = f"{len(reasons)} of {len(after)} runs failed"
    return Line(
        method=label,
        metric="",
        status="failed",
        sentence=f"{label}: {count} ({reasons[0]}{more})",
    )


def _place(run: Record) -> tuple[int, int]:
    return run.identity.seed, run.identity.fold


def _reasons(run: Record, metrics: Sequence[GatedMetric], *, expected: bool) -> Iterator[str]:
    if run.state == "failed" or (run.state == "skipped" and expected):
        message = run.reason.message if run.reason else "no reason was recorded"
        yield f"{run.reason.kind if run.reason else run.state}: {' '.join(message.split())}"
    elif run.state == "done":
        missing = [metric.name for metric in metrics if metric.value(run) is None]
        if missing:
            yield f"{missing[0]} is missing or not finite"
