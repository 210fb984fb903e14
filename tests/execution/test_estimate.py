"""How long a plan takes: what was measured decides, and what was not is guessed from parts."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Method, Objective
from harness.execution.estimate import time_a_run
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, Guess, PlannedRun, learnt_estimate, make_plan
from harness.record import Record
from harness.registry import Origin, RegisteredMethod
from harness.table import duration
from harness.testing import make_record

GUESS = Guess(training=10.0, rest=1.0)


@pytest.fixture
def planned(bench: Bench) -> Any:
    def make(name: str, **declared: Any) -> PlannedRun:
        method = Method(
            name=name,
            build=lambda _point, _context: Objective(),
            summary="toy",
            reference="none",
            space={},
            **declared,
        )
        origin = Origin("tests", "tests", "0", None)
        entrant = Entrant(RegisteredMethod(method, origin), method.defaults(), "default")
        return make_plan(bench.protocol, bench.dataset.digest, [entrant], 1).runs[0]

    return make


def timed(method: str, seconds: float, steps: int = 10) -> Record:
    return make_record(method, audit={"seconds": seconds, "steps": steps})


def test_runs_of_the_method_itself_decide(planned: Any) -> None:
    records = [timed("a", 3.0), timed("a", 5.0), timed("a", 100.0), timed("b", 50.0)]
    assert learnt_estimate(records, GUESS).seconds([planned("a"), planned("a")]) == 10.0


def test_a_method_not_seen_takes_what_others_of_its_kind_did(planned: Any) -> None:
    records = [timed("b", 4.0), timed("c", 6.0), timed("d", 90.0), timed("still", 1.0, steps=0)]
    estimate = learnt_estimate(records, GUESS)
    assert estimate.seconds([planned("a")]) == 6.0
    assert estimate.seconds([planned("frozen", trained=False)]) == 1.0


def test_a_guess_counts_views_and_no_training_where_there_is_none(planned: Any) -> None:
    estimate = learnt_estimate([], GUESS)
    assert estimate.seconds([planned("a")]) == 11.0
    assert estimate.seconds([planned("two", views=2)]) == 21.0
    assert estimate.seconds([planned("frozen", trained=False)]) == 1.0


def test_steps_are_timed_on_this_machine_and_change_no_weights(bench: Bench) -> None:
    guess = time_a_run(bench, [], threads=1)
    assert guess.training > 0.0
    assert guess.rest > 0.0


def test_the_whole_loop_is_timed_where_methods_train(bench: Bench, planned: Any) -> None:
    bare = time_a_run(bench, [planned("frozen", trained=False)], threads=1)
    broken = planned("broken")  # its Objective has no loss: its run will say so
    assert time_a_run(bench, [broken], threads=1).training < 10 * bare.training


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.3, "1 s"),
        (59, "59 s"),
        (3_600, "1 h 0 min"),
        (200_000, "2 days"),
        (1e8, "1,157 days"),
    ],
)
def test_long_times_are_said_in_days(seconds: float, said: str) -> None:
    assert duration(seconds) == said
