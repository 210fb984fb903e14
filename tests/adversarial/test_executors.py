"""Executors that forge, mix up, repeat and drop runs: the session takes none of it.

An executor runs in the session and could change it; what it hands over is checked all the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UserError
from harness.execution.executor import Bench, Finished, Started, Work, execute_inline
from harness.execution.plan import Entrant, Plan, make_plan
from harness.execution.session import outstanding, run_plan
from harness.method import Method
from harness.record import Record
from harness.registry import Origin, RegisteredMethod
from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_store
from harness.store import Store

Done = list[Finished]
Act = Callable[[Done, Plan], Iterator[Any]]


class Renamed(Record):
    """Says another id than that of its identity."""

    @property
    def run_id(self) -> str:
        return "0" * 20


def changed(finished: Finished, **fields: Any) -> Finished:
    return replace(finished, record=finished.record.model_copy(update=fields))


def in_place(finished: Finished, /, **fields: Any) -> Finished:
    record = finished.record.model_copy(deep=True)
    vars(record).update(fields)
    return replace(finished, record=record)


def named(finished: Finished, name: str) -> Finished:
    return changed(finished, identity=finished.record.identity.model_copy(update={"method": name}))


def declared(finished: Finished, **facts: str) -> Finished:
    return changed(finished, declared=finished.record.declared.model_copy(update=facts))


def _exits(done: Done, _: Plan) -> Iterator[Any]:
    yield done[0]
    sys.exit(0)


KINDS: dict[str, tuple[Act, str]] = {
    "gives a run the Record of another": (
        lambda d, _: iter([replace(d[0], record=d[1].record)]),
        "the Record of another: its identity differ",
    ),
    "gives a run what another method scored": (
        lambda d, _: iter([replace(d[0], record=d[2].record, arrays=d[2].arrays)]),
        "the Record of another: its identity",
    ),
    "ends a run twice": (lambda d, _: iter([d[0], d[0]]), "not given or has ended"),
    "begins a run that has ended": (
        lambda d, _: iter([d[0], Started(d[0].run)]),
        "began run .*, which it was not given or has ended",
    ),
    "ends a run that nobody asked for": (
        lambda d, plan: iter([replace(d[0], run=plan.runs[0])]),
        "ended run .*, which it was not given",
    ),
    "drops a run": (lambda d, _: iter(d[1:]), "nothing came of 1 of 4 runs"),
    "drops all": (lambda *_: iter([]), "nothing came of 4 of 4 runs"),
    "hands over something else": (lambda *_: iter(["done"]), "handed over a str"),
    "renames the method": (lambda d, _: iter([named(d[0], "best")]), "its identity differ"),
    "says that labels were not read": (
        lambda d, _: iter([declared(d[0], labels="none")]),
        "its declared differ",
    ),
    "asks for fewer replicates": (
        lambda d, _: iter([changed(d[0], replicates=1)]),
        "its replicates differ",
    ),
    "says that it was searched": (
        lambda d, _: iter([changed(d[0], chosen_by="search")]),
        "its chosen by differ",
    ),
    "has a Record of its own kind": (
        lambda d, _: iter([replace(d[0], record=Renamed(**dict(d[0].record)))]),
        "handed over a Renamed",
    ),
    "fails a run without a reason": (
        lambda d, _: iter([in_place(d[0], state="failed")]),
        "that it is failed: None",
    ),
    "is done without scores": (
        lambda d, _: iter([in_place(d[0], scores=None)]),
        "is done, without scores or embeddings",
    ),
    "ends a run on no day": (
        lambda d, _: iter([in_place(d[0], finished="yesterday")]),
        "handed over no Record",
    ),
    "has scores of another type": (
        lambda d, _: iter([in_place(d[0], scores={"map_at_r": 1.0})]),
        "handed over no Record",
    ),
    "keeps the embeddings": (
        lambda d, _: iter([replace(d[0], arrays=None)]),
        "is done, without scores or embeddings",
    ),
    "ends the program": (_exits, r"would end the program"),
}


@pytest.fixture
def plan(bench: Bench, spread: Method) -> Plan:
    """Two methods, a seed, two folds."""
    origin = Origin("tests", "tests", "0", None)
    methods = [RegisteredMethod(replace(spread, name=name), origin) for name in ("one", "two")]
    entrants = [Entrant(one, one.method.defaults(), "default") for one in methods]
    return make_plan(bench.protocol, bench.dataset.digest, entrants, seeds=1)


@pytest.fixture
def other(bench: Bench, spread: Method) -> Plan:
    """Runs that the session did not plan."""
    stray = RegisteredMethod(replace(spread, name="stray"), Origin("tests", "tests", "0", None))
    entrant = Entrant(stray, stray.method.defaults(), "default")
    return make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)


_honest: Done = []


def honest(work: Work) -> Done:
    """What an honest executor hands over; computed once for all kinds."""
    if not _honest:
        _honest.extend(stage for stage in execute_inline(work) if isinstance(stage, Finished))
    return list(_honest)


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_executor_forges_is_refused_and_no_row_of_it_is_stored(
    kind: str, bench: Bench, plan: Plan, other: Plan, tmp_path: Path
) -> None:
    act, reason = KINDS[kind]

    def execute(work: Work) -> Any:
        yield from act(honest(work), other)

    with Store.open(tmp_path / "store", create=True) as store:
        with pytest.raises(UserError, match=reason):
            list(run_plan(plan, bench, store, execute=execute))
        kept = {record.run_id: record for record in store.records()}
        true = {one.record.run_id: one.record for one in _honest}
        for run_id, record in kept.items():
            assert record.model_copy(update={"artifact": None}) == true[run_id]
        left = {run.run_id for run in outstanding(plan, store)}
        assert left == {run.run_id for run in plan.runs} - kept.keys()


def test_scores_that_an_executor_raises_are_found_by_verify(
    bench: Bench, plan: Plan, tmp_path: Path
) -> None:
    def execute(work: Work) -> Any:
        for one in honest(work):
            assert one.record.scores is not None
            values = {**one.record.scores.values, "map_at_r": 0.99}
            yield changed(one, scores=one.record.scores.model_copy(update={"values": values}))

    with Store.open(tmp_path / "store", create=True) as store:
        list(run_plan(plan, bench, store, execute=execute))
        problems = [one.problems for one in verify_store(store, RuleBook()) if one.problems]
    assert len(problems) == len(plan.runs)
    assert all("map_at_r" in text for (text, *_) in problems)
