"""The suite without pytest."""

import pytest

from harness import loss_method
from harness.testing import CHECKS, check_method


def broken(embeddings, labels):
    raise ValueError("no\nsuch thing")


@pytest.fixture(scope="module")
def findings():
    method = loss_method("mine", lambda: broken, summary="a toy", reference="none")
    return {finding.check: finding for finding in check_method(method)}


def test_there_is_one_finding_for_each_check(findings):
    assert list(findings) == [check.__name__.replace("_", " ") for check in CHECKS]


def test_what_a_plugin_raises_is_a_failed_check_in_one_line(findings):
    finding = findings["its loss is a finite scalar"]
    assert (finding.outcome, finding.reason) == (
        "fail",
        "mine: it raised ValueError: no such thing (test_findings.py:10)",
    )


def test_a_promise_that_is_not_made_is_skipped_with_its_reason(findings):
    finding = findings["its readout is linear and no wider"]
    assert (finding.outcome, finding.reason) == ("skip", "mine ends in no readout")


def test_a_promise_that_holds_has_no_reason(findings):
    assert (findings["it says what it is"].outcome, findings["it says what it is"].reason) == (
        "pass",
        "",
    )


def test_one_cause_is_one_message(findings):
    failed = [finding.check for finding in findings.values() if finding.outcome == "fail"]
    assert failed == ["its loss is a finite scalar"]
    assert findings["it beats the untrained embedding"].reason == (
        "not tried: its loss is a finite scalar failed"
    )
