"""A session: what the store lacks is run, what it holds is not, whatever happens in between."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest

from harness import hookimpl
from harness.errors import UserError
from harness.execution.executor import Bench, Finished, Started
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.execution.scores import (
    concatenate,
    score_concatenation,
    score_part,
    score_replicate,
)
from harness.execution.session import ReplicateEnded, RunEnded, RunStarted, outstanding, run_plan
from harness.protocol.rules import ScoringRule
from harness.registry import Origin, RegisteredMethod
from harness.results import load_board
from harness.scoring import SCORING_SEMANTICS
from harness.store import Store
from harness.testing import make_record


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store", create=True) as opened:
        yield opened


def plan_of(bench: Bench, *methods, seeds: int = 1):
    origin = Origin("tests", "tests", "0", None)
    entrants = [Entrant(RegisteredMethod(m, origin), m.defaults(), "default") for m in methods]
    return make_plan(bench.protocol, bench.dataset.digest, entrants, seeds=seeds)


def run(plan, bench, store, **options):
    return list(run_plan(plan, bench, store, **options))


def ended(events):
    return [event.run.run_id for event in events if isinstance(event, RunEnded)]


def test_every_run_of_the_plan_is_stored_with_its_concatenation(bench, store, spread):
    plan = plan_of(bench, spread)
    events = run(plan, bench, store)
    assert ended(events) == [planned.run_id for planned in plan.runs]
    assert isinstance(events[-1], ReplicateEnded)
    assert store.concatenation(plan.replicates[0].run_ids) is not None
    assert outstanding(plan, store) == []


def test_a_run_in_the_store_is_not_run_again(bench, store, spread):
    plan = plan_of(bench, spread)
    run(plan, bench, store)
    assert run(plan, bench, store) == []


def test_stopping_in_the_middle_leaves_the_rest_to_the_next_session(bench, store, spread):
    plan = plan_of(bench, spread, seeds=2)
    for event in run_plan(plan, bench, store):
        if isinstance(event, RunEnded) and event.run is plan.runs[1]:
            break
    assert ended(run(plan, bench, store)) == [planned.run_id for planned in plan.runs[2:]]
    assert all(store.concatenation(replicate.run_ids) for replicate in plan.replicates)


def test_an_interrupted_plan_ends_in_the_scores_of_an_undisturbed_one(
    bench, store, spread, tmp_path
):
    plan = plan_of(bench, spread)
    next(event for event in run_plan(plan, bench, store) if isinstance(event, RunEnded))
    run(plan, bench, store)
    with Store.open(tmp_path / "undisturbed", create=True) as other:
        run(plan, bench, other)
        assert [r.scores for r in store.records()] == [r.scores for r in other.records()]


def test_a_failed_method_does_not_stop_the_others(
    bench, store, spread, make_method, spread_objective
):
    class Broken(spread_objective):
        def forward(self, batch, embed):
            raise RuntimeError("broken")

    plan = plan_of(bench, make_method(Broken, "broken"), spread)
    run(plan, bench, store)
    states = {record.identity.method: record.state for record in store.records()}
    assert states == {"broken": "failed", "spread": "done"}
    board = load_board(store)
    rows = {row.method: row.runs for row in board.rows}
    assert (rows["broken"].done, rows["broken"].failed) == (0, 2)
    assert rows["spread"].done == 2


def test_failed_runs_are_repeated_only_when_asked(bench, store, make_method, spread_objective):
    class Broken(spread_objective):
        def forward(self, batch, embed):
            raise RuntimeError("broken")

    plan = plan_of(bench, make_method(Broken, "broken"))
    run(plan, bench, store)
    assert ended(run(plan, bench, store)) == []
    assert len(ended(run(plan, bench, store, retry_failed=True))) == 2


def test_concatenated_embeddings_are_normalised_before_and_after():
    first = np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)
    second = np.array([[0.0, 2.0], [1.0, 0.0]], dtype=np.float32)
    joined = concatenate([first, second])
    half = np.sqrt(0.5)
    np.testing.assert_allclose(joined[0], [0.6 * half, 0.8 * half, 0.0, half], rtol=1e-6)
    np.testing.assert_allclose(joined[1], [0.0, 0.0, 1.0, 0.0], rtol=1e-6)


@pytest.mark.parametrize("gallery", ["self", "train"])
def test_of_one_fold_the_concatenated_scores_are_its_own(gallery):
    draw = np.random.default_rng(0)
    rule = ScoringRule(
        gallery=gallery, distance="euclidean", recall_at=(1,), clustering_restarts=1,
        classifiers=("knn_1",),
    )  # fmt: skip
    arrays = {
        f"{part}_{what}": values
        for part in ("train", "test")
        for what, values in (
            ("labels", np.arange(60) % 3),
            ("embeddings", 9 + (np.arange(60) % 3)[:, None] + draw.normal(0, 0.3, (60, 2))),
        )
    }
    own, _ = score_part(arrays, rule, metrics=(), seed=0)
    assert score_concatenation([arrays], rule, metrics=(), seed=0) == own
    assert own.values["precision_at_1"] > 0.8
    # So it is not scored twice, but where what is recorded is of an earlier version.
    older = make_record("m", 0, 0, {"map_at_r": 0.5}, folds=1)
    scores = older.scores.model_copy(update={"semantics": SCORING_SEMANTICS})
    recorded = older.model_copy(update={"scores": scores})
    found = [
        score_replicate([one], lambda _: arrays, rule, metrics=()) for one in (recorded, older)
    ]
    assert found == [scores, own]


def test_observers_are_told_and_a_failing_one_changes_nothing(bench, store, spread, caplog):
    seen = []

    class Observer:
        @hookimpl
        def bench_run_started(self, identity):
            seen.append(("started", identity.run_id))

        @hookimpl
        def bench_run_finished(self, record):
            seen.append(("finished", record.run_id))
            assert record.artifact is not None
            raise ValueError("an observer's own trouble")

    bench.registry.manager.register(Observer(), name="observer")
    plan = plan_of(bench, spread)
    assert len(ended(run(plan, bench, store))) == 2
    ids = [planned.run_id for planned in plan.runs]
    assert seen == [(what, run_id) for run_id in ids for what in ("started", "finished")]
    assert "an observer failed: ValueError" in caplog.text


def test_a_store_that_cannot_be_written_is_a_clear_line(bench, store, spread, monkeypatch):
    monkeypatch.setattr(type(store), "read_only", property(lambda _self: True))
    with pytest.raises(UserError, match="is read-only"):
        run(plan_of(bench, spread), bench, store)


def test_runs_may_end_in_any_order_and_each_replicate_is_joined_once_complete(bench, store, spread):
    def backwards(work):
        yield from (Started(run) for run in work.runs)
        for run in reversed(work.runs):
            yield Finished(run, *execute(run, work.bench))

    plan = plan_of(bench, spread, seeds=2)
    events = run(plan, bench, store, execute=backwards)
    assert ended(events) == [planned.run_id for planned in reversed(plan.runs)]
    joined = [event.replicate for event in events if isinstance(event, ReplicateEnded)]
    assert joined == list(reversed(plan.replicates))
    assert all(store.concatenation(replicate.run_ids) for replicate in plan.replicates)


def test_a_replicate_whose_joining_was_lost_is_joined_by_the_next_session(bench, store, spread):
    plan = plan_of(bench, spread)
    for event in run_plan(plan, bench, store):
        if isinstance(event, RunEnded) and event.run is plan.runs[-1]:
            break
    assert store.concatenation(plan.replicates[0].run_ids) is None
    (event,) = run(plan, bench, store)
    assert isinstance(event, ReplicateEnded)


def test_draining_begins_no_further_run(bench, store, spread):
    plan, draining = plan_of(bench, spread, seeds=2), threading.Event()
    ids = []
    for event in run_plan(plan, bench, store, draining=draining):
        if isinstance(event, RunStarted):
            ids.append(event.run.run_id)
            draining.set()
    assert ids == [plan.runs[0].run_id]
    assert store.run_states() == {plan.runs[0].run_id: "done"}


def test_an_executor_is_closed_when_nobody_listens_any_more(bench, store, spread):
    closed = []

    def executor(work):
        try:
            yield Started(work.runs[0])
            yield Started(work.runs[1])
        finally:
            closed.append(True)

    events = run_plan(plan_of(bench, spread), bench, store, execute=executor)
    next(events)
    events.close()
    assert closed == [True]


def test_no_board_is_made_where_something_else_edited_what_the_session_stored(bench, store, spread):
    session = run_plan(plan_of(bench, spread), bench, store)
    first = next(event for event in session if isinstance(event, RunEnded)).record
    (file,) = store.path.glob("*.sqlite3")
    edited = 'UPDATE runs SET record = replace(record, \'"state":"done"\', \'"state":"failed"\')'
    with closing(sqlite3.connect(file)) as other, other:
        assert other.execute(edited).rowcount == 1
    with pytest.raises(UserError, match=f"changed 1 of the runs .* {first.run_id}; `bench doctor"):
        list(session)
