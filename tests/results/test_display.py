"""A leaderboard as people see it."""

import csv
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from harness.errors import UserError
from harness.record import Record
from harness.results import board_renderable, build_board, render_board

MakeRun = Callable[..., Record]
MakeRuns = Callable[..., list[Record]]


def three_replicates(replicate: MakeRuns, method: str = "triplet") -> list[Record]:
    return [r for seed in range(3) for r in replicate(method, seed, 0.4 + seed / 100)]


def on_terminal(records: list[Record], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(board_renderable(build_board(records)))
    return capture.get()


def test_a_score_shows_its_mean_and_interval(replicate: MakeRuns) -> None:
    text = render_board(build_board(three_replicates(replicate)), "table")
    assert "0.410 [0.399, 0.421]" in text


def test_a_single_replicate_shows_its_mean_alone(replicate: MakeRuns) -> None:
    (line,) = [
        line
        for line in render_board(build_board(replicate()), "table").splitlines()
        if line.startswith("triplet")
    ]
    assert "0.250" in line
    assert "[" not in line


def test_the_title_says_how_the_folds_were_taken(replicate: MakeRuns) -> None:
    board = build_board(replicate(), aggregate="concatenated")
    assert render_board(board, "table").startswith("smoke on glyphs: joined folds")


def test_runs_are_shown_as_done_of_expected(replicate: MakeRuns) -> None:
    assert "2 of 6" in render_board(build_board(replicate()), "table")


def test_failed_runs_are_marked(replicate: MakeRuns, failed_run: MakeRun) -> None:
    board = build_board([*replicate(), failed_run(seed=1)])
    assert "1 failed" in render_board(board, "table")


def test_parameters_of_the_objective_are_shown_apart(replicate: MakeRuns) -> None:
    assert "120 + 5" in render_board(build_board(replicate()), "table")


def test_the_composition_of_batches_is_shown(replicate: MakeRuns) -> None:
    board = build_board(replicate(declared={"composition": "pairs", "views": 2}))
    assert "pairs, 2 views" in render_board(board, "table")


def test_where_defaults_are_from_is_shown(replicate: MakeRuns) -> None:
    tuned = replicate("tuned", declared={"defaults_from": "validation here"})
    board = build_board([*tuned, *replicate("published", declared={"defaults_from": "paper"})])
    shown = {row[0]: row for row in csv.reader(io.StringIO(render_board(board, "csv")))}
    place = shown["method"].index("defaults_from")
    assert (shown["tuned"][place], shown["published"][place]) == ("validation here", "paper")
    assert "| validation here |" in render_board(board, "md")


def test_a_searched_row_and_a_board_that_does_not_say_have_no_defaults(replicate: MakeRuns) -> None:
    assert "defaults from" not in render_board(build_board(replicate()), "md")
    searched = replicate(declared={"defaults_from": "paper"}, chosen_by="search")
    assert "defaults from" not in render_board(build_board(searched), "md")


def test_columns_can_be_chosen(replicate: MakeRuns) -> None:
    values = {"map_at_r": 0.25, "recall_at_8": 0.875}
    board = build_board(replicate(scores={"values": values}))
    assert "0.875" in render_board(board, "md", metrics=["recall_at_8"])


def test_recall_is_not_shown_unless_asked_for(replicate: MakeRuns) -> None:
    values = {"map_at_r": 0.25, "recall_at_8": 0.875}
    board = build_board(replicate(scores={"values": values}))
    assert "0.875" not in render_board(board, "md")


def test_a_metric_that_no_row_has_is_refused_with_the_nearest_name(replicate: MakeRuns) -> None:
    board = build_board(replicate())
    with pytest.raises(UserError, match="unknown metric 'map_at_5'; did you mean 'map_at_r'"):
        render_board(board, "table", metrics=["map_at_5"])


@pytest.mark.parametrize("width", [50, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(replicate: MakeRuns, width: int) -> None:
    text = on_terminal(three_replicates(replicate, "multi-similarity-miner"), width)
    assert max(len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [50, 80, 120, 200])
def test_method_and_score_are_whole_at_every_width(replicate: MakeRuns, width: int) -> None:
    text = on_terminal(three_replicates(replicate, "multi-similarity-miner"), width)
    assert "multi-similarity-miner  0.410 [0.399, 0.421]" in text


def test_columns_left_out_are_named(replicate: MakeRuns) -> None:
    assert "not shown, for want of width: params" in on_terminal(three_replicates(replicate), 50)


def test_the_wide_form_has_four_columns_a_metric(replicate: MakeRuns) -> None:
    board = build_board(three_replicates(replicate))
    (row,) = csv.DictReader(io.StringIO(render_board(board, "csv")))
    assert float(row["map_at_r_mean"]) == pytest.approx(0.41)
    assert float(row["map_at_r_low"]) == pytest.approx(0.398715, abs=1e-6)
    assert float(row["map_at_r_high"]) == pytest.approx(0.421381, abs=1e-6)
    assert row["map_at_r_n"] == "3"


def test_the_wide_form_keeps_a_row_without_scores(failed_run: MakeRun) -> None:
    board = build_board([failed_run()])
    (row,) = csv.DictReader(io.StringIO(render_board(board, "csv")))
    assert (row["method"], row["runs_failed"]) == ("triplet", "1")


@pytest.mark.parametrize(
    ("form", "escaped"),
    [
        ("table", "a_b&[red]<script>"),
        ("md", r"a\_b&amp;\[red\]&lt;script&gt;"),
        ("latex", r"a\_b\&[red]\textless{}script\textgreater{}"),
        ("csv", "a_b&[red]<script>"),
        ("json", '"a_b&[red]<script>"'),
    ],
)
def test_a_hostile_method_name_stays_a_name(replicate: MakeRuns, form: str, escaped: str) -> None:
    board = build_board(replicate("a_b&[red]<script>"))
    assert escaped in render_board(board, form)  # type: ignore[arg-type]


def test_latex_sets_the_best_of_each_metric_in_bold(replicate: MakeRuns) -> None:
    records = [
        *three_replicates(replicate),
        *(r for seed in range(3) for r in replicate("better", seed, 0.6 + seed / 100)),
    ]
    text = render_board(build_board(records), "latex", metrics=["map_at_r"])
    (bold,) = [line for line in text.splitlines() if r"\textbf" in line]
    assert bold.startswith("better")
