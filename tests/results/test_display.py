"""A leaderboard as people see it."""

import csv
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from harness.errors import UserError
from harness.record import Record
from harness.results import build_board
from harness.results.display import board_document, board_renderable, render_board
from harness.results.notes import notes_of

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
        if " triplet " in line
    ]
    assert "0.250" in line
    assert "[" not in line


def test_the_title_says_how_the_folds_were_taken(replicate: MakeRuns) -> None:
    board = build_board(replicate(), aggregate="concatenated")
    assert render_board(board, "table").startswith("smoke on glyphs: joined folds")


def test_runs_are_shown_as_done_of_expected(replicate: MakeRuns) -> None:
    assert "2 of 2" in render_board(build_board(replicate()), "table")
    assert "2 of 10" in render_board(build_board(replicate(), replicates=5), "table")


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
    assert bold.startswith("1 & better")


def test_rows_are_numbered_where_they_have_scores(replicate: MakeRuns, failed_run: MakeRun) -> None:
    records = [*replicate("a", score=0.5), *replicate("b", score=0.6), failed_run("c")]
    lines = render_board(build_board(records), "md").splitlines()
    assert [line.split(" | ")[:2] for line in lines if line[:2] == "| " and line[2].isdigit()] == [
        ["| 1", "b"],
        ["| 2", "a"],
    ]
    assert any(line.startswith("|  | c |") for line in lines)


def two_metrics(replicate: MakeRuns) -> list[Record]:
    """`a` is better by P@1, `b` by MAP@R."""
    scores = {"a": (0.2, 0.9), "b": (0.4, 0.7), "c": (0.1, 0.1)}
    return [
        record
        for method, (first, second) in scores.items()
        for seed in range(3)
        for record in replicate(
            method,
            seed,
            scores={
                "values": {
                    "map_at_r": first + seed / 100,
                    "precision_at_1": second + seed**2 * first / 100,
                    "recall_at_8": second,
                }
            },
        )
    ]


def test_the_metric_that_orders_the_rows_is_shown_and_said(replicate: MakeRuns) -> None:
    board = build_board(two_metrics(replicate), ranked_by="R@8")
    assert [row.method for row in board.rows] == ["a", "b", "c"]
    text = render_board(board, "table", metrics=["map_at_r"])
    assert text.splitlines()[0].endswith(", by R@8")
    assert text.splitlines()[1].split()[:3] == ["#", "method", "R@8"]
    assert board_document(board)["ranked_by"]["metric"] == "recall_at_8"


def test_marks_of_the_best_are_those_of_the_metric_that_orders(replicate: MakeRuns) -> None:
    board = build_board(two_metrics(replicate), ranked_by="precision_at_1")
    assert [row.method for row in board.rows if row.best] == ["a"]
    assert any("may be the best by P@1" in note for note in board.notes)


def test_rows_can_be_chosen_and_keep_their_places(replicate: MakeRuns) -> None:
    board = build_board(two_metrics(replicate))
    text = render_board(board, "md", places=board.places(["c", "a"]))
    assert [
        line.split(" | ")[:2]
        for line in text.splitlines()
        if line[:2] == "| " and line[2].isdigit()
    ] == [
        ["| 2", "a"],
        ["| 3", "c"],
    ]
    assert "2 of 3 rows; what is told of them is of the whole board" in text
    assert board_document(board, [1])["rows"][0]["method"] == "a"


def test_every_name_that_no_row_has_is_in_one_error(replicate: MakeRuns) -> None:
    board = build_board(two_metrics(replicate))
    with pytest.raises(UserError, match=r"unknown methods 'd', 'e' \(allowed: a, b, c\)"):
        board.places(["a", "d", "e"])


@pytest.mark.parametrize("width", [60, 80, 100, 250])
def test_marks_stay_at_every_width(replicate: MakeRuns, failed_run: MakeRun, width: int) -> None:
    ensemble = three_replicates(replicate, "divide-and-conquer")
    members = [
        record.model_copy(update={"declared": record.declared.model_copy(update={"members": 4})})
        for record in ensemble
    ]
    given = replicate("by-hand", chosen_by="given")
    text = on_terminal([*members, *given, failed_run("by-hand", seed=1, chosen_by="given")], width)
    rows = [line for line in text.splitlines() if " 0." in line]
    assert any("x4" in line or "ensemble of 4" in line for line in rows)
    assert any("1 failed" in line and "by hand" in line for line in rows)


def test_a_smoke_board_says_first_that_its_scores_mean_nothing(replicate: MakeRuns) -> None:
    assert "its scores mean nothing" in build_board(replicate()).notes[0]
    other = build_board(replicate(identity={"protocol": "reality-check"}))
    assert not any("mean nothing" in note for note in other.notes)


def test_110_methods_are_a_line_each_at_80_columns(replicate: MakeRuns) -> None:
    names = [f"multi-similarity-miner-{number}" for number in range(110)]
    records = [
        record
        for place, name in enumerate(names)
        for seed in range(2)
        for record in replicate(
            name,
            seed,
            0.9 - place / 200 + seed * (place + 1) / 1e4,
            identity={"unlocked": ("steps",)},
        )
    ]
    lines = on_terminal(records, 80).splitlines()
    rows = [line for line in lines if " [" in line and "multi-similarity-miner-" in line]
    assert [line.split()[:2] for line in rows] == [
        [str(place), name] for place, name in enumerate(names, 1)
    ]
    assert all(line.rstrip().endswith("unlocked") for line in rows)
    assert max(map(len, lines)) <= 80


def test_notes_are_of_the_rows_that_are_shown(replicate: MakeRuns, failed_run: MakeRun) -> None:
    best = [one for seed in (0, 1) for one in replicate("best", seed, 0.5 + seed / 100)]
    poor = [*replicate("poor", 0, 0.1), failed_run("poor", 1, 0)]
    hand = [one for seed in (0, 1) for one in replicate("hand", seed, 0.2, chosen_by="given")]
    board = build_board([*best, *poor, *hand])
    for of_others in ("poor: 1 run failed", "below them: poor", "by hand: hand", "no interval"):
        assert any(of_others in note for note in board.notes)
        for form in ("table", "md", "json"):
            assert of_others not in render_board(board, form, places=[0])
            assert of_others in render_board(board, form)
    assert any("below them: poor (1 of 2)" in note for note in notes_of(board, board.rows[1:]))
