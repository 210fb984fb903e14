"""A Record says how much of a person's own data was not used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness import Method
from harness.execution.run import Bench, execute
from harness.record import Record


def test_a_record_holds_how_much_was_left_out(
    bench: Bench, planned: Callable[..., Any], spread: Method
) -> None:
    some = replace(bench, dataset=replace(bench.dataset, left_out=3))
    run = planned(spread)
    record, plain = execute(run, some)[0], execute(run, bench)[0]
    assert (record.left_out, plain.left_out) == (3, 0)
    assert Record.model_validate_json(record.sealed()).left_out == 3
    assert "left_out" not in plain.sealed()  # Records of before have none
