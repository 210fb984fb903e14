"""A GateReport for programs: JSON and JUnit XML."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from harness.gate.report import GateReport, Line

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
        "lines": [_line(line) for line in report.lines],
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _line(line: Line) -> dict[str, Any]:
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
    if line.status == "inconclusive":
        return "failure" if report.inconclusive == "fail" else "skipped"
    kinds = {"regression": "failure", "failed": "error", "missing": "error", "not gated": "skipped"}
    return kinds.get(line.status, "pass")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
