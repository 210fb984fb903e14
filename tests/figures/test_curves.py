"""Learning curves and the Pareto front."""

from collections.abc import Callable

from harness.figures.charts import learning_curve, pareto_front
from harness.figures.sources import make_sources
from harness.record import Record, Selected
from harness.results import build_board


def selected(*history: tuple[int, float]) -> Selected:
    return Selected(
        metric="map_at_r", step=0, value=0.0, history=history, stopped_early=len(history) < 2
    )


def test_a_checkpoint_says_how_many_runs_it_is_of(run: Callable[..., Record]) -> None:
    records = [
        run("a", 0, 0.5, selected=selected((0, 0.1), (10, 0.3))),
        run("a", 1, 0.5, selected=selected((0, 0.2))),
    ]
    (entry,) = make_sources(build_board(records), records).entries
    first, last = learning_curve(entry)
    assert (first.runs, first.low, first.high) == (2, 0.1, 0.2)
    assert (last.step, last.mean, last.runs) == (10, 0.3, 1)


def test_what_does_not_train_has_no_curve(run: Callable[..., Record]) -> None:
    records = [run("a", 0, 0.5, selected=None)]
    (entry,) = make_sources(build_board(records), records).entries
    assert learning_curve(entry) == []


def test_the_front_is_beaten_by_none_in_both() -> None:
    points = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.4), (1.0, 0.3), (4.0, 0.9)]
    assert pareto_front(points) == [1, 0]
    assert pareto_front([]) == []
