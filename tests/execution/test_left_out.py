"""A Record says how much of a person's own data was not used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harness import Method
from harness.execution.executor import Bench
from harness.execution.run import execute
from harness.record import Reason, Record


def test_a_record_holds_how_much_was_left_out(
    bench: Bench, planned: Callable[..., Any], spread: Method
) -> None:
    some = replace(bench, dataset=replace(bench.dataset, left_out=3))
    run = planned(spread)
    record, plain = execute(run, some)[0], execute(run, bench)[0]
    assert (record.left_out, plain.left_out) == (3, 0)
    assert Record.model_validate_json(record.sealed()).left_out == 3
    assert "left_out" not in plain.sealed()  # Records of before have none


def test_so_does_the_record_of_a_run_that_was_ended(
    bench: Bench, planned: Callable[..., Any], spread: Method
) -> None:
    some = replace(bench, dataset=replace(bench.dataset, left_out=3))
    reason = Reason(kind="died", message="its process ended")
    ended = some.record(planned(spread), state="failed", started=datetime.now(UTC), reason=reason)
    assert ended.left_out == 3
