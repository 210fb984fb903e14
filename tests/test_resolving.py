"""Stages of a plan: at each look only methods that may still be the best go on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, Plan, make_plan
from harness.method import Method
from harness.record import Record
from harness.registry import Origin, RegisteredMethod
from harness.results import Board, build_board
from harness.session import stages, usual_looks
from harness.testing import make_record

LOOKS = (2, 4)


@pytest.fixture
def plan(bench: Bench) -> Plan:
    """Three methods, four seeds, two folds, looks at two seeds and at four."""
    protocol = bench.protocol.model_copy(update={"looks": LOOKS, "replicates": 4})
    origin = Origin("tests", "tests", "0", Path(__file__))
    methods = [
        Method(name=name, build=lambda *_: None, summary="toy", reference="none") for name in "abc"
    ]
    entrants = [
        Entrant(RegisteredMethod(one, origin), one.defaults(), "default") for one in methods
    ]
    return make_plan(protocol, bench.dataset.digest, entrants, seeds=4)


def records(plan: Plan, **means: float) -> Iterable[Record]:
    """What the plan's runs would leave, each method at its mean, seeds a little apart."""
    for run in plan.runs:
        who = run.identity
        if who.method in means:
            value = means[who.method] + 0.001 * ((3 * who.seed + who.fold + ord(who.method)) % 4)
            yield make_record(
                who.method, values=value, identity=who.model_dump(), folds=2, looks=LOOKS
            )


def planned(plan: Plan, **means: float) -> list[tuple[int | None, dict[str, int]]]:
    """Each look, and how many seeds each method is to have by then."""
    boards: list[Board] = []
    found = []
    for look, part in stages(plan, lambda: boards[-1] if boards else None):
        boards.append(build_board(records(part, **means)))
        names = [replicate.entrant.name for replicate in part.replicates]
        found.append((look, {name: names.count(name) for name in sorted(set(names))}))
    return found


def test_whoever_is_shown_not_to_be_the_best_gets_no_more_seeds(plan: Plan) -> None:
    assert planned(plan, a=0.5, b=0.5, c=0.1) == [
        (2, {"a": 2, "b": 2, "c": 2}),
        (4, {"a": 4, "b": 4, "c": 2}),
    ]


def test_once_one_alone_may_be_the_best_nobody_goes_on(plan: Plan) -> None:
    assert planned(plan, a=0.5, b=0.3, c=0.1) == [(2, {"a": 2, "b": 2, "c": 2})]


def test_a_method_without_scores_goes_no_further(plan: Plan) -> None:
    assert planned(plan, a=0.5, b=0.5)[-1] == (4, {"a": 4, "b": 4, "c": 2})


def test_without_looks_all_is_run_at_once(plan: Plan) -> None:
    plan = make_plan(
        plan.protocol.model_copy(update={"looks": ()}),
        "digest",
        [replicate.entrant for replicate in plan.replicates[:3]],
        seeds=4,
    )
    assert [(look, len(part.runs)) for look, part in stages(plan, lambda: None)] == [(None, 24)]


@pytest.mark.parametrize(
    ("replicates", "looks"),
    [(3, (2, 3)), (4, (3, 4)), (5, (3, 5)), (10, (3, 5, 10))],
)
def test_the_usual_looks_end_at_all_replicates(replicates: int, looks: tuple[int, ...]) -> None:
    assert usual_looks(replicates) == looks


def test_two_replicates_leave_no_look_before_the_last() -> None:
    with pytest.raises(UserError, match="needed: 3"):
        usual_looks(2)
