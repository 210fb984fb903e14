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
    finding = findings["gradients reach the backbone"]
    assert (finding.outcome, finding.reason) == (
        "fail",
        "mine: it raised ValueError: no such thing",
    )


def test_a_promise_that_is_not_made_is_skipped_with_its_reason(findings):
    finding = findings["it works without labels"]
    assert (finding.outcome, finding.reason) == ("skip", "mine uses labels")


def test_a_promise_that_holds_has_no_reason(findings):
    assert (findings["it says what it is"].outcome, findings["it says what it is"].reason) == (
        "pass",
        "",
    )
