"""`Benchmark`: what `bench run` does, from a program."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import (
    Benchmark,
    Dataset,
    Planned,
    ReplicateEnded,
    RunEnded,
    RunStarted,
    SearchEnded,
    SearchStarted,
    UserError,
    load_board,
)
from harness.execution.session import run_plan
from harness.protocol import protocols_folder
from harness.reading import Reading
from harness.search import searches_of
from harness.settings import Settings
from harness.store import Store
from harness.table import Column, Table, to_html

PLUGIN = """
from harness import Float, Method, Objective, hookimpl


class Spread(Objective):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, batch, embed):
        e = embed(batch.inputs)
        d = (e[:, None] - e[None, :]).square().sum(-1)
        same = batch.labels[:, None] == batch.labels[None, :]
        return self.scale * (d[same].mean() - d[~same].mean())


class Broken(Objective):
    def forward(self, batch, embed):
        raise RuntimeError("a broken loss")


def method(name, build, **more):
    space = {"scale": Float(0.1, 10.0, default=1.0, log=True)}
    return Method(name=name, build=build, summary="toy", reference="none", space=space, **more)


@hookimpl
def bench_methods():
    return [method("spread-out", lambda point, context: Spread(**point)),
            method("broken", lambda point, context: Broken()),
            method("still", lambda point, context: Spread(**point), trained=False)]
"""
SHORT = {
    "training.steps": 4,
    "training.steps_per_epoch": 2,
    "training.batch_size": 8,
    "training.samples_per_class": 2,
    "selection.every": 2,
}


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """A Benchmark of a toy method; no run of it takes long."""
    (tmp_path / "mine.py").write_text(PLUGIN)
    smoke = (protocols_folder() / "smoke.toml").read_text()
    searched = smoke.replace("trials = 0", "trials = 2")
    (tmp_path / "tuned.toml").write_text(searched.replace('name = "smoke"', 'name = "tuned"', 1))

    def benchmark(**given: Any) -> Benchmark:
        asked = {"protocol": "smoke", "methods": "spread-out", "dataset": "digits", "seeds": 1}
        asked["overrides"] = SHORT
        return Benchmark(**{"plugins": [tmp_path / "mine.py"], **asked, **given})

    benchmark.tuned = str(tmp_path / "tuned.toml")  # type: ignore[attr-defined]
    return benchmark


def kinds(events: Any) -> list[type]:
    return [type(event) for event in events]


def test_a_run_tells_its_events_and_ends_in_a_board(make: Any, tmp_path: Path) -> None:
    session = make().run(tmp_path / "store")
    of_a_run = [RunStarted, RunEnded]
    assert kinds(session) == [Planned, *of_a_run, *of_a_run, ReplicateEnded]
    board = session.board()
    assert [row.method for row in board.rows] == ["spread-out"]
    assert (session.stopped, session.failed()) == (False, [])


def test_a_store_that_takes_nothing_is_said_before_data_are_loaded(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a store")
    monkeypatch.setattr(Benchmark, "plan", lambda _: pytest.fail("data were loaded"))
    with pytest.raises(UserError, match="file: is a file; a store is a directory"):
        make().run(tmp_path / "file")


def test_a_store_that_was_killed_as_it_was_made_is_begun_anew(make: Any, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "records.sqlite3").touch()
    assert kinds(make().run(tmp_path / "store"))[0] is Planned


def test_what_the_store_holds_is_not_run_again(make: Any, tmp_path: Path) -> None:
    list(make().run(tmp_path / "store"))
    (planned,) = make().run(tmp_path / "store")
    assert (len(planned.plan.runs), planned.todo) == (2, ())


def test_a_session_resolves_from_look_to_look(make: Any, tmp_path: Path) -> None:
    # Six steps of two methods that differ by a scale alone: both may be the best, and go on.
    methods = ["spread-out", "broken"]
    session = make(methods=methods, seeds=None, resolve=True).run(tmp_path / "store")
    planned = [event for event in session if isinstance(event, Planned)]
    assert [(one.look, len(one.todo)) for one in planned] == [(2, 8)]  # one row, none to tell from
    assert load_board(tmp_path / "store").looks == (2, 3)
    assert not session.stopped


def test_seeds_between_looks_are_refused(make: Any) -> None:
    with pytest.raises(UserError, match=r"--seeds 1: .* \(allowed: 2, 3\)"):
        make(seeds=1, resolve=True)


def test_an_address_is_refused_where_no_cluster_would_be_joined(make: Any) -> None:
    with pytest.raises(UserError, match="--address head:6379: executor 'local' joins no cluster"):
        make(settings=Settings(address="head:6379"))


def test_a_step_that_finds_no_room_is_one_line(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 TB")

    monkeypatch.setattr("harness.forecast.time_a_run", full)
    with pytest.raises(UserError, match="a step needs more memory than there is here on cpu"):
        make().forecast(tmp_path / "store")


def test_nothing_happens_before_a_session_is_begun(make: Any, tmp_path: Path) -> None:
    make().run(tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_session_that_is_stopped_goes_on_from_there(make: Any, tmp_path: Path) -> None:
    with make().run(tmp_path / "store") as session:
        for event in session:
            if isinstance(event, RunEnded):
                session.stop()
        assert session.stopped
    with Store.open(tmp_path / "store") as store:
        assert len(store.records()) == 1
    rest = make().run(tmp_path / "store")
    assert kinds(rest) == [Planned, RunStarted, RunEnded, ReplicateEnded]


def test_runs_that_failed_are_named(make: Any, tmp_path: Path) -> None:
    session = make(methods=["broken", "spread-out"]).run(tmp_path / "store")
    list(session)
    assert [run.identity.method for run in session.failed()] == ["broken", "broken"]


def test_a_protocol_with_a_search_is_searched_first(make: Any, tmp_path: Path) -> None:
    session = make(protocol=make.tuned).run(tmp_path / "store")
    told = kinds(session)
    assert told[0] is SearchStarted
    assert told.index(SearchEnded) < told.index(Planned)
    assert told.count(RunEnded) == 2 * 2 + 2
    with Store.open(tmp_path / "store") as store:
        assert {record.chosen_by for record in store.records()} == {"search"}
    assert [one.entrant.name for one in session.tuned] == ["spread-out"]


def test_tuning_is_the_search_alone_and_a_run_takes_it(make: Any, tmp_path: Path) -> None:
    session = make(protocol=make.tuned).tune(tmp_path / "store")
    assert kinds(session)[-1] is SearchEnded
    assert session.board() is None
    after = kinds(make(protocol=make.tuned).run(tmp_path / "store"))
    assert after.count(RunEnded) == 2


def test_a_plan_that_was_not_searched_is_refused(make: Any, tmp_path: Path) -> None:
    benchmark = make(protocol=make.tuned)
    plan, bench = benchmark.plan(), benchmark._bench
    assert searches_of(plan.protocol, plan.replicates)
    with (
        Store.open(tmp_path / "store", create=True) as store,
        pytest.raises(UserError, match="searches hyperparameters before its replicates"),
    ):
        list(run_plan(plan, bench, store))


def test_a_method_at_given_hyperparameters_needs_no_search(make: Any, tmp_path: Path) -> None:
    given = make(protocol=make.tuned, hyperparameters={"spread-out.scale": 2.0})
    assert SearchStarted not in kinds(given.run(tmp_path / "store"))


def test_a_data_set_of_ones_own_is_run_and_said_how(make: Any, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(12), 6).astype(np.int64)
    data = Dataset(
        name="mine",
        inputs=draw.normal(size=(72, 5)).astype(np.float32),
        labels=labels,
        class_names=tuple(map(str, range(12))),
        source="the test",
        licence="MIT",
    )
    made = make(data=data, dataset=None)
    assert made.notes[0] == (
        "mine: 12 classes: tested on classes that training has not seen (class-disjoint), "
        "which are drawn with seed 0"
    )
    assert "mine: 72 vectors (5) of 12 classes, 6 samples each" in made.notes
    session = made.run(tmp_path / "store")
    list(session)
    assert session.board().dataset_digest == data.digest


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 8, 8), (5,)], ids=["colour", "grey", "vectors"])
def test_own_data_start_from_random_weights_where_no_protocol_is_named(shape: Any) -> None:
    labels = np.repeat(np.arange(12), 6).astype(np.int64)
    inputs = np.random.default_rng(0).integers(0, 255, (72, *shape))
    data = Dataset(
        name="mine",
        inputs=inputs.astype(np.uint8 if len(shape) > 1 else np.float32),
        labels=labels,
        class_names=tuple(map(str, range(12))),
        source="the test",
        licence="MIT",
    )
    assert Benchmark(data=data).protocol.backbone.weights == "random"
    if shape[0] == 3:
        with pytest.raises(UserError, match="weights 'characters' are for images of 1 channels"):
            Benchmark(data=data, protocol="reality-check-small-4")


def test_a_forecast_says_what_there_is_to_do(make: Any, tmp_path: Path) -> None:
    before = make().forecast(tmp_path / "store")
    assert len(before.todo) == 2
    assert before.basis.startswith("a few steps timed just now, ")
    assert not (tmp_path / "store").exists()
    list(make().run(tmp_path / "store"))
    after = make().forecast(tmp_path / "store")
    assert (len(after.todo), after.seconds, after.basis) == (0, 0.0, "runs recorded before")
    assert "0 of 2 runs to do" in repr(after)
    assert "<table>" in after._repr_html_()


def test_a_forecast_names_the_batches_that_the_board_will_name(make: Any, tmp_path: Path) -> None:
    """What does not train has none, whatever its method declares."""
    benchmark = make(methods=["still", "spread-out"])
    said = repr(benchmark.forecast(tmp_path / "store")).splitlines()
    cells = dict(line.split()[:2] for line in said if len(line.split()) > 1)
    assert (cells["still"], cells["spread-out"]) == ("none", "balanced")


def test_names_may_come_from_a_generator(make):
    assert make(methods=(name for name in ["still", "spread-out"])).methods == [
        "still",
        "spread-out",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"methods": ["spred-out"]}, "did you mean 'spread-out'"),
        ({"methods": []}, "names no method"),
        ({"methods": [object()]}, "a method of your own comes from a file"),
        ({"methods": 3}, "methods: int is not a name"),
        ({"hyperparameters": {"spread-out.scale": [np.zeros(2)]}}, "list is no value of a"),
        ({"dataset": "digts"}, "did you mean 'digits'"),
        ({"protocol": "smok"}, "did you mean 'smoke'"),
        ({"seeds": 4}, "has 3 replicates"),
        ({"seeds": 0}, "--seeds=0: must be a whole number from 1 up"),
        ({"seeds": 1.5}, "must be a whole number"),
        ({"seeds": True}, "must be a whole number"),
        ({"overrides": "training.stps=3"}, "did you mean 'steps'"),
        ({"executor": "locl"}, "did you mean 'local'"),
        ({"overrides": {"training.stps": 3}}, "did you mean 'steps'"),
        ({"reading": Reading()}, "reading: says how data are read, and no data are given"),
    ],
)
def test_a_slip_is_one_line_at_once(make: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as wrong:
        make(**given)
    assert "\n" not in str(wrong.value)


def test_one_file_and_numbers_of_numpy_are_taken_as_they_are(make: Any, tmp_path: Path) -> None:
    benchmark = make(
        plugins=str(tmp_path / "mine.py"), hyperparameters={"spread-out.scale": np.float32(0.5)}
    )
    (entrant,) = benchmark.entrants
    assert entrant.hyperparameters == {"scale": 0.5}


def test_a_wrong_hyperparameter_is_one_line_before_anything_is_made(
    make: Any, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"outside \[0.1, 10\]"):
        make(hyperparameters={"spread-out.scale": 99}).run(tmp_path / "store")
    with pytest.raises(UserError, match="has no search"):
        make().tune(tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_what_is_shown_of_each_is_short(make: Any, tmp_path: Path) -> None:
    benchmark = make()
    session = benchmark.run(tmp_path / "store")
    events = list(session)
    shown = [benchmark, benchmark.plan(), benchmark.protocol, benchmark.dataset, session]
    shown += [event for event in events if not isinstance(event, Planned)]
    assert [repr(one) for one in shown if len(repr(one)) > 160] == []


def test_watching_writes_a_line_a_run(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = make().run(tmp_path / "store").watch()
    out, err = capsys.readouterr()
    assert out == ""
    assert "smoke on digits: 2 of 2 runs to do\n[1/2] spread-out, seed 0, fold 0: MAP@R 0." in err
    assert [row.method for row in board.rows] == ["spread-out"]


def test_an_interrupt_while_watching_finishes_what_runs(make: Any, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    session = make().run(tmp_path / "store")
    inner = session._events

    def interrupted() -> Any:
        for event in inner:
            if isinstance(event, RunStarted) and not session.draining.is_set():
                os.kill(os.getpid(), signal.SIGINT)
            yield event

    session._events = interrupted()
    try:
        with pytest.raises(KeyboardInterrupt):
            session.watch()
    finally:
        signal.signal(signal.SIGINT, before)
    with Store.open(tmp_path / "store") as store:
        assert len(store.records()) == 1


def test_a_board_is_a_frame_a_text_and_a_table(make: Any, tmp_path: Path) -> None:
    list(make(seeds=2).run(tmp_path / "store"))
    board = load_board(tmp_path / "store")
    frame = board.to_frame()
    (row,) = board.rows
    assert frame.loc["spread-out", "map_at_r_mean"] == row.metrics["map_at_r"].mean
    assert frame.loc["spread-out", "map_at_r_n"] == 2
    assert str(board).startswith("smoke on digits: folds averaged")
    assert "<table>" in board._repr_html_()


def test_names_from_a_board_cannot_leave_their_cell() -> None:
    table = Table(columns=[Column(key="a", title="<b>")], rows=[{"a": "</td><script>"}])
    assert "<script>" not in to_html(table)
    assert "<b>" not in to_html(table)


def test_the_controls_of_a_protocol_run_beside_what_is_asked_for(make: Any, tmp_path: Path) -> None:
    smoke = (protocols_folder() / "smoke.toml").read_text()
    controlled = smoke.replace("[split]", 'controls = ["broken", "not-here"]\n\n[split]', 1)
    (tmp_path / "controlled.toml").write_text(controlled)
    named = make(protocol=tmp_path / "controlled.toml")
    assert named.methods == ["spread-out", "broken"]
    assert [note.partition(": ")[2] for note in named.notes] == [
        "its controls run too: broken",
        "controls not installed: not-here",
    ]
    assert make(protocol=tmp_path / "controlled.toml", methods="all").methods == ["all"]
    asked = make(protocol=tmp_path / "controlled.toml", methods="broken,spread-out")
    assert asked.methods == ["broken", "spread-out"]
