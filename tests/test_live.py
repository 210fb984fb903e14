"""The live view, as the text that a terminal of a given size shows."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness import Benchmark, RunEnded, RunStarted, SearchEnded
from harness.live import LiveScreen
from harness.progress import Progress, Running
from harness.session import Session
from harness.store import Store
from harness.testing import make_record

PLUGIN = """
from harness import Method, Objective, hookimpl


class Nothing(Objective):
    def forward(self, batch, embed):
        return embed(batch.inputs).sum()


@hookimpl
def bench_methods():
    return [Method(name=f"a-method-of-some-name-{n}", build=lambda point, context: Nothing(),
                   summary="toy", reference="none", space={}) for n in range(110)]
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """110 methods, of which 100 have their first two replicates of three."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "many.py").write_text(PLUGIN)
    names = [f"a-method-of-some-name-{number}" for number in range(110)]
    benchmark = Benchmark(
        protocol="smoke", methods=names, seeds=3, plugins=[folder / "many.py"], device="cpu"
    )
    session = benchmark.run(folder / "store")
    with Store.open(folder / "store", create=True) as store:
        for run in session.plan.runs:
            number = int(run.identity.method.rpartition("-")[2])
            if number < 100 and run.identity.seed < 2:
                value = 0.5 - number / 250 + run.identity.seed / 1000
                who = {**run.identity.model_dump(), "method": run.identity.method}
                store.put(make_record(values=value, identity=who, folds=2, replicates=3))
    return session


def shown(session: Session, width: int, height: int) -> list[str]:
    """The lines of one frame, in the middle of a run."""
    progress = Progress(session)
    progress.todo, progress.total = session.plan.runs, len(session.plan.runs)
    progress.ended = {run.run_id for run in session.plan.runs[:400]}
    progress.estimate.learn(make_record(audit={"seconds": 3.0}))
    waiting = session.plan.runs[400:402]
    progress.running = {run.run_id: Running(run) for run in waiting}
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
    )
    screen = LiveScreen(progress, console)
    screen.show(SearchEnded(()))
    with console.capture() as capture:
        console.print(screen.frame())
    return [line.rstrip() for line in capture.get().splitlines()]


SIZES = [(80, 24), (140, 50)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_progress_and_time_left_are_on_top_of_a_board_longer_than_the_window(
    session: Session, width: int, height: int
) -> None:
    lines = shown(session, width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "400 of 660 runs · about " in lines[0]
    assert lines[0].endswith(" left")
    assert lines[1] == "a-method-of-some-name-90, seed 1, fold 0 and 1 more"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_rows_fill_the_window_and_the_rest_is_counted(
    session: Session, width: int, height: int
) -> None:
    lines = shown(session, width, height)
    rows = [line for line in lines[2:] if "a-method-of-some-name-" in line]
    assert len(lines) >= height - 1
    assert len(rows) >= height - 8
    assert lines[-1].startswith(f"{100 - len(rows)} more rows and ")


def test_the_best_rows_are_those_that_are_seen(session: Session) -> None:
    rows = [line for line in shown(session, 80, 24) if " [" in line and "some-name" in line]
    found = [line.split("a-method-of-some-name-")[1].split()[0] for line in rows]
    assert found == [str(number) for number in range(len(rows))]


def test_a_window_of_a_few_lines_still_has_the_progress(session: Session) -> None:
    lines = shown(session, 80, 4)
    assert "400 of 660 runs" in lines[0]
    assert len(lines) <= 4


@pytest.mark.parametrize(("steps", "left"), [(10, "; about 32 min 57 s left"), (0, "")])
def test_nothing_is_said_of_the_time_left_before_a_run_that_trains_has_ended(
    session: Session, steps: int, left: str
) -> None:
    progress = Progress(session)
    progress.todo, progress.total = session.plan.runs, len(session.plan.runs)
    run = session.plan.runs[0]
    record = make_record(identity=run.identity, audit={"steps": steps, "seconds": 3.0})
    ended = RunEnded(run, record)
    progress.note(RunStarted(run))
    progress.note(ended)
    assert progress.lines(ended)[0].endswith(f"MAP@R 0.250 in 3.0 s{left}")


def test_a_session_whose_workers_start_says_so(session: Session) -> None:
    progress = Progress(session)
    progress.todo, progress.total = session.plan.runs, len(session.plan.runs)
    assert progress.how_far() == "0 of 660 runs · starting"
    progress.todo = ()
    assert progress.how_far() == "0 of 0 runs"


def test_runs_are_counted_of_those_asked_for(session: Session) -> None:
    assert any(" 4 of 6" in line for line in shown(session, 140, 50))
