"""The JSON document: its shape is a promise to other programs."""

import json
from collections.abc import Callable

import pytest

from harness.record import Concatenation, Record
from harness.results import build_board
from harness.results.display import board_document, render_board

MakeRun = Callable[..., Record]
MakeRuns = Callable[..., list[Record]]


def test_a_row_gives_mean_low_high_and_n_of_each_metric(replicate: MakeRuns) -> None:
    records = [r for seed in range(3) for r in replicate(seed=seed, score=0.4 + seed / 100)]
    (row,) = board_document(build_board(records))["rows"]
    assert row["method"] == "triplet"
    assert row["metrics"]["map_at_r"] == {
        "mean": pytest.approx(0.41),
        "low": pytest.approx(0.398715, abs=1e-6),
        "high": pytest.approx(0.421381, abs=1e-6),
        "n": 3,
    }


def test_joined_folds_have_the_same_shape(
    replicate: MakeRuns, joined: Callable[..., Concatenation]
) -> None:
    runs = replicate()
    (row,) = board_document(build_board(runs, [joined(runs, 0.5)]))["rows"]
    assert row["concatenated"] == {"map_at_r": {"mean": 0.5, "low": None, "high": None, "n": 1}}


def test_the_document_names_what_was_compared_by_digest(replicate: MakeRuns) -> None:
    document = board_document(build_board(replicate()))
    assert document["protocol"] == "smoke"
    assert document["protocol_digest"] == "p" * 64
    assert document["dataset"] == "glyphs"
    assert document["dataset_digest"] == "d" * 64
    assert document["unlocked"] == []
    assert document["semantics"] == {"training": 1, "scoring": 1}


def test_a_row_tells_where_the_method_came_from(replicate: MakeRuns) -> None:
    (row,) = board_document(build_board(replicate()))["rows"]
    assert (row["distribution"], row["version"]) == ("methods", "1.0")
    assert row["hyperparameters"] == {"margin": 0.1}
    assert row["declared"]["composition"] == "balanced"


def test_a_row_tells_what_its_runs_cost(replicate: MakeRuns) -> None:
    (row,) = board_document(build_board(replicate()))["rows"]
    assert row["audit"]["training_seconds"] == 2.0
    assert row["audit"]["parameters"] == {"trunk": 100, "head": 20, "objective": 5, "total": 125}


def test_processor_seconds_stand_beside_wall_time_wherever_they_are_known(run: MakeRun) -> None:
    board = build_board([run(audit={"processor_seconds": 7.25})])
    (row,) = board_document(board)["rows"]
    assert row["audit"]["processor_seconds"] == 7.25
    assert list(board.to_frame()["processor_seconds"]) == [7.25]
    header, _, line = (
        [cell.strip() for cell in line.split("|")]
        for line in render_board(board, "md").splitlines()
        if line.startswith("|")
    )
    assert header[header.index("train s") + 1] == "cpu s"
    assert line[header.index("cpu s")] == "7.2"
    unknown = build_board([run()])
    assert "cpu s" not in render_board(unknown, "md")
    assert board_document(unknown)["rows"][0]["audit"]["processor_seconds"] is None


def test_a_row_without_scores_tells_why(failed_run: MakeRun) -> None:
    (row,) = board_document(build_board([failed_run()]))["rows"]
    assert row["metrics"] == {}
    assert row["audit"] is None
    assert row["runs"] == {"done": 0, "failed": 1, "skipped": 0, "expected": 2}
    assert row["failures"][0]["kind"] == "diverged"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_null(replicate: MakeRuns, value: float) -> None:
    text = render_board(build_board(replicate(score=value)), "json")
    (row,) = json.loads(text, parse_constant=pytest.fail)["rows"]
    assert row["metrics"]["map_at_r"] == {"mean": None, "low": None, "high": None, "n": 0}


def test_the_same_records_in_another_order_give_the_same_rows(replicate: MakeRuns) -> None:
    records = [r for seed in range(3) for m in "ab" for r in replicate(m, seed, seed / 7)]
    forward = board_document(build_board(records))
    backward = board_document(build_board(records[::-1]))
    assert forward["rows"] == backward["rows"]
