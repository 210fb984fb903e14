"""A GateReport in words: on a terminal, as Markdown, and for programs as JSON and JUnit XML."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from harness.gate.decision import Decision, Difference
from harness.gate.report import GateReport, Line
from harness.metrics import title_of
from harness.table import Cell, Column, Table, escape_markdown, printable, render

_MARKS = {
    "pass": "✅",
    "regression": "❌",
    "suspected": "❗",
    "inconclusive": "❔",
    "failed": "💥",
    "missing": "🚫",
    "not gated": "",
}


def line_sentence(subject: str, metric: str, difference: Difference, decision: Decision) -> str:
    """What was found of one method and metric, and what the gate makes of it."""
    over = f" over {difference.units} {difference.basis}" if difference.units > 1 else ""
    return (
        f"{subject}: {title_of(metric)} {number(difference.baseline)} -> "
        f"{number(difference.candidate)}, by {_change(difference, decision)}{over}: "
        f"{decision.sentence}"
    )


def _change(difference: Difference, decision: Decision) -> str:
    """By how much, and its 90 % interval."""
    if decision.low is None or decision.high is None:
        return signed(difference.mean)
    return f"{signed(difference.mean)} [{signed(decision.low)}, {signed(decision.high)}]"


def number(value: float) -> str:
    """A score with four decimals; what is larger than scores are, with four digits."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.0f}"


def signed(value: float) -> str:
    """The same with its sign; nothing is `+0.0000`, never `-0.0000`."""
    text = number(abs(value))
    return f"{'-' if value < 0 and float(text.replace(',', '')) else '+'}{text}"


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
    order = ["regression", "failed", "missing", "suspected", "inconclusive", "not gated", "pass"]
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
    return cells | {
        "baseline": number(difference.baseline),
        "candidate": number(difference.candidate),
        "difference": _change(difference, decision),
        "margin": None if line.margin is None else f"{line.margin:.4g}",
        "detectable": None if decision.detectable is None else number(decision.detectable),
    }


# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def gate_json(report: GateReport) -> str:
    """The report as JSON: every number, its sentence, and the exit code."""
    document = {
        "verdict": report.status,
        "exit_code": report.exit_code,
        "subject": report.subject,
        "baseline": report.baseline,
        "candidate": report.candidate,
        "refusal": report.refusal,
        "lines": [_document_line(line) for line in report.lines],
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _document_line(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {
        "method": line.method,
        "metric": line.metric or None,
        "verdict": line.status,
        "sentence": line.sentence,
        "margin": line.margin,
    }
    if line.difference is None or line.decision is None:
        return found
    decision = line.decision
    interval = {"low": decision.low, "high": decision.high, "detectable": decision.detectable}
    return found | dataclasses.asdict(line.difference) | interval


def gate_junit(report: GateReport) -> str:
    """The report as JUnit XML: a test case a line, so that CI shows each method by itself."""
    suite = ET.Element("testsuite", name=_clean(f"bench gate: {report.subject}"))
    kinds = [_case(suite, report, line) for line in report.lines]
    if report.refusal is not None:
        case = ET.SubElement(suite, "testcase", classname="bench.gate", name="gate")
        ET.SubElement(case, "error", type="nothing measured", message=_clean(report.refusal))
        kinds.append("error")
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(kinds.count(kind)))
    suite.set("tests", str(len(kinds)))
    ET.indent(suite)
    body: str = ET.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _case(suite: ET.Element, report: GateReport, line: Line) -> str:
    name = f"{line.method}: {line.metric or 'runs'}"
    case = ET.SubElement(suite, "testcase", classname="bench.gate", name=_clean(name))
    kind = _kind(line, report)
    if kind == "pass":
        ET.SubElement(case, "system-out").text = _clean(line.sentence)
    else:
        ET.SubElement(case, kind, type=line.status, message=_clean(line.sentence))
    return kind


def _kind(line: Line, report: GateReport) -> str:
    if line.status in ("suspected", "inconclusive"):
        return "failure" if report.inconclusive == "fail" else "skipped"
    kinds = {"regression": "failure", "failed": "error", "missing": "error", "not gated": "skipped"}
    return kinds.get(line.status, "pass")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
