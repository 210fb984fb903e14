"""The report in its four forms holds the same verdicts, whatever a method is called."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from harness.gate.decision import Difference, decide
from harness.gate.rendering import gate_json, gate_junit, gate_markdown, gate_text
from harness.gate.report import GateReport, Line

NASTY = "<script>|\x00\x1b[31m]]>"


def line(method: str, mean: float, error: float | None) -> Line:
    found = Difference(
        baseline=0.5,
        candidate=0.5 + mean,
        mean=mean,
        standard_error=error,
        degrees=None if error is None else 2,
        basis="paired replicates",
        units=3 if error is not None else 1,
    )
    decision = decide(found, 0.01)
    return Line(
        method=method,
        metric="map_at_r",
        status=decision.verdict,
        sentence=f"{method}: {decision.sentence}",
        margin=0.01,
        difference=found,
        decision=decision,
    )


@pytest.fixture
def report() -> GateReport:
    failed = Line(method="d", metric="", status="failed", sentence="d: 1 of 6 runs failed")
    lines = [line("a", 0.0, 0.0), line(NASTY, -0.1, 0.001), line("c", 0.0, None), failed]
    return GateReport(baseline="b.json", candidate="store", subject="x on y", lines=lines)


def test_json_holds_every_number_and_the_exit_code(report):
    document = json.loads(gate_json(report))
    assert (document["verdict"], document["exit_code"]) == ("regression", 1)
    assert [one["verdict"] for one in document["lines"]] == [
        "pass",
        "regression",
        "inconclusive",
        "failed",
    ]
    assert document["lines"][1]["method"] == NASTY
    assert document["lines"][1]["high"] < -0.01
    assert document["lines"][2]["low"] is None


def test_junit_is_xml_with_a_case_a_line(report):
    suite = ET.fromstring(gate_junit(report))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "1")
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [["system-out"], ["failure"], ["failure"], ["error"]]


def test_inconclusive_is_skipped_where_it_passes(report):
    lax = GateReport(
        baseline="b", candidate="c", subject="s", lines=report.lines[2:3], inconclusive="pass"
    )
    assert lax.exit_code == 0
    assert ET.fromstring(gate_junit(lax)).get("skipped") == "1"


def test_markdown_cannot_be_broken_out_of(report):
    text = gate_markdown(report)
    assert "<script>" not in text
    assert "\x1b" not in text
    rows = [row for row in text.splitlines() if row.startswith("|")]
    assert len(rows) == 2 + 4
    assert "❌" in text.splitlines()[0]


def test_text_begins_with_the_gravest_and_ends_with_the_verdict(report):
    lines = gate_text(report).splitlines()
    assert lines[0].startswith("regression")
    assert "\x1b" not in lines[0]
    assert lines[-1] == "gate: regression (x on y: 1 pass, 1 regression, 1 inconclusive, 1 failed)"


def test_a_refusal_is_told_in_every_form():
    refused = GateReport(baseline="b", candidate="c", subject="s", refusal="the store is empty")
    assert refused.exit_code == 3
    assert json.loads(gate_json(refused))["refusal"] == "the store is empty"
    assert ET.fromstring(gate_junit(refused)).get("errors") == "1"
    assert "the store is empty" in gate_markdown(refused)
    assert "the store is empty" in gate_text(refused)
