"""The time that steps wait for their batches, by a clock that only what is watched moves."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from harness.apart.objective import ObjectiveApart
from harness.record import Audit, Parameters
from harness.training import loop
from harness.training.batching import BatchSource

AUDIT = Audit(
    steps=4,
    images_embedded=32,
    backward_passes=4,
    zero_gradients=0,
    preparation_seconds=2.0,
    input_seconds=1.5,
    training_seconds=8.0,
    seconds=9.0,
    peak_memory_bytes=None,
    parameters=Parameters(trunk=1, head=1, objective=0),
)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Making a batch takes 3 seconds; preparing 100, an epoch's beginning 10 and a step 5."""
    clock = Clock()

    def slow(owner: Any, name: str, seconds: float) -> None:
        quick = getattr(owner, name)

        def slowly(*given: Any) -> Any:
            clock.now += seconds
            return quick(*given)

        monkeypatch.setattr(owner, name, slowly)

    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    slow(BatchSource, "__call__", 3)
    slow(ObjectiveApart, "prepare", 100)
    slow(ObjectiveApart, "begin_epoch", 10)
    slow(ObjectiveApart, "step", 5)
    return clock


@pytest.mark.usefixtures("clock")
def test_making_batches_is_counted_and_the_rest_of_a_step_is_not(
    run_method: Callable[..., Any], spread: Any
) -> None:
    audit = run_method(spread).audit
    assert audit.steps == 4
    assert audit.input_seconds == 4 * 3
    assert audit.training_seconds == 100 + 4 * (3 + 5) + 2 * 10
    assert audit.input_share == 12 / 52


def test_a_method_that_does_not_train_waits_for_nothing(
    run_method: Callable[..., Any], make_method: Callable[..., Any], spread_objective: Any
) -> None:
    audit = run_method(make_method(spread_objective, trained=False)).audit
    assert audit.input_seconds is None
    assert audit.input_share is None


def test_the_share_is_of_the_loop_without_its_preparation() -> None:
    assert AUDIT.input_share == 1.5 / (8.0 - 2.0)


def test_an_audit_from_before_it_was_measured_has_no_share() -> None:
    stored = AUDIT.model_dump(exclude={"input_seconds"})
    read = Audit.model_validate(stored)
    assert read.input_seconds is None
    assert read.input_share is None


def test_a_loop_of_no_time_has_no_share() -> None:
    assert AUDIT.model_copy(update={"training_seconds": 2.0}).input_share is None
