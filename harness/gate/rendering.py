"""A GateReport for people: on a terminal and as Markdown."""

from __future__ import annotations

from harness.gate.report import GateReport, Line
from harness.gate.sentences import number, signed
from harness.metrics import title_of
from harness.table import Cell, Column, Table, render
from harness.table.formats import escape_markdown
from harness.table.model import printable

_MARKS = {
    "pass": "✅",
    "regression": "❌",
    "inconclusive": "❔",
    "failed": "💥",
    "missing": "🚫",
    "not gated": "",
}


def headline(report: GateReport) -> str:
    """The verdict in a line."""
    if report.refusal is not None:
        return f"gate: nothing measured: {report.refusal}"
    counts: dict[str, int] = {}
    for line in report.lines:
        counts[line.status] = counts.get(line.status, 0) + 1
    listed = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"gate: {report.status} ({report.subject}: {listed})"


def gate_text(report: GateReport) -> str:
    """The report as a person reads it on a terminal: a sentence for each line, then notes."""
    lines = [f"{line.status:<12} {printable(line.sentence)}" for line in _gravest_first(report)]
    if lines:
        lines += [f"compared {report.candidate} with {report.baseline}; 90 % intervals"]
    lines += [f"note: {printable(note)}" for note in report.notes]
    return "\n".join([*lines, headline(report)]) + "\n"


def gate_markdown(report: GateReport) -> str:
    """The report as Markdown, for a pull request's comment or a step's summary.

    What is not a pass stands in sentences; the table holds all.
    """
    title = f"### {_MARKS.get(report.status, '🚫')} {escape_markdown(printable(headline(report)))}"
    told = [line.sentence for line in _gravest_first(report) if line.status != "pass"]
    notes = [*told, *report.notes]
    if not report.lines:
        return f"{title}\n"
    table = Table(columns=_COLUMNS, rows=[_row(line) for line in report.lines], notes=notes)
    return f"{title}\n\n{render(table, 'md')}"


def _gravest_first(report: GateReport) -> list[Line]:
    order = ["regression", "failed", "missing", "inconclusive", "not gated", "pass"]
    return sorted(report.lines, key=lambda line: order.index(line.status))


_COLUMNS = (
    Column(key="verdict", title="verdict"),
    Column(key="method", title="method"),
    Column(key="metric", title="metric"),
    Column(key="baseline", title="baseline", align="right"),
    Column(key="candidate", title="candidate", align="right"),
    Column(key="difference", title="difference [90 %]", align="right"),
    Column(key="margin", title="margin", align="right"),
    Column(key="detectable", title="detectable", align="right"),
)


def _row(line: Line) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        "verdict": f"{_MARKS[line.status]} {line.status}".strip(),
        "method": line.method,
        "metric": title_of(line.metric),
    }
    if line.difference is None or line.decision is None:
        return cells
    difference, decision = line.difference, line.decision
    interval = ""
    if decision.low is not None and decision.high is not None:
        interval = f" [{signed(decision.low)}, {signed(decision.high)}]"
    return cells | {
        "baseline": number(difference.baseline),
        "candidate": number(difference.candidate),
        "difference": f"{signed(difference.mean)}{interval}",
        "margin": None if line.margin is None else f"{line.margin:.4g}",
        "detectable": None if decision.detectable is None else number(decision.detectable),
    }
