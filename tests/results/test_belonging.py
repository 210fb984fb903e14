"""Runs that do not belong on a board are left out and named; they lock nobody out."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import UserError
from harness.record import Concatenation, Record, Samples, Told
from harness.results import Board, build_board

MakeRun = Callable[..., Record]

OTHER: dict[str, Any] = {
    "protocol": "other",
    "protocol_digest": "q" * 64,
    "unlocked": ("training.steps=1",),
    "dataset": "digits",
    "dataset_digest": "e" * 64,
    "training_semantics": 2,
    "trunk": "acme 2.0 abcdef",
}


def without(*records: Record, joined: list[Concatenation] | None = None) -> tuple[Board, str]:
    """The board and the one note on what was left out."""
    board = build_board(records, joined or [])
    (note,) = [note for note in board.notes if note.startswith("left out")]
    assert "\n" not in note
    return board, note


@pytest.mark.parametrize("field", OTHER)
def test_the_kind_that_most_runs_are_of_stays(run: MakeRun, field: str) -> None:
    odd = run("odd", seed=1, identity={field: OTHER[field]}, finished="2026-01-01T00:00:00+00:00")
    board, note = without(odd, run("a"), run("b"))
    assert {row.label for row in board.rows} == {"a", "b"}
    assert note.startswith("left out: 1 run of odd, of another ")
    assert f"--only '{field}=" in note


@pytest.mark.parametrize("field", OTHER)
def test_of_two_kinds_of_as_many_runs_the_latest_stays(run: MakeRun, field: str) -> None:
    late = run("late", identity={field: OTHER[field]}, finished="2026-01-01T00:00:00+00:00")
    board, _ = without(late, run("early"))
    assert [row.label for row in board.rows] == ["late"]


def test_records_scored_by_other_semantics_are_left_out(run: MakeRun) -> None:
    board, note = without(run("a"), run("b"), run("c", scores={"semantics": 2}))
    assert board.semantics.scoring == 1
    assert "of another scoring semantics (2; here 1)" in note


def test_records_of_another_number_of_folds_are_left_out(run: MakeRun) -> None:
    board, note = without(run("a"), run("b"), run("c", folds=3))
    assert (board.folds, len(board.rows)) == (2, 2)
    assert "of another number of folds (3; here 2)" in note


def test_failed_runs_without_a_scoring_semantics_stay(run: MakeRun, failed_run: MakeRun) -> None:
    board = build_board([run("a"), failed_run("b")])
    assert {row.label for row in board.rows} == {"a", "b"}
    assert not [note for note in board.notes if note.startswith("left out")]


def test_joined_folds_scored_by_other_semantics_are_left_out(
    run: MakeRun, joined: Callable[..., Concatenation]
) -> None:
    records = [run(fold=0), run(fold=1)]
    board, note = without(*records, joined=[joined(records, 0.5, semantics=2)])
    assert not board.rows[0].concatenated
    assert "scored under semantics 2 (here 1)" in note


def test_other_initial_weights_at_one_fold_and_seed_leave_a_run_out(run: MakeRun) -> None:
    board, note = without(
        run("a", seed=7, fold=1),
        run("b", seed=7, fold=1),
        run("c", seed=7, fold=1, init_digest="x"),
    )
    assert {row.label for row in board.rows} == {"a", "b"}
    assert note == (
        "left out: 1 run of c: their initial weights are not those of the others "
        "(first at fold 1, seed 7: x)"
    )


def test_of_two_methods_that_differ_everywhere_one_stays_whole(run: MakeRun) -> None:
    ends = {"a": ("03", "01"), "b": ("02", "02")}  # each ends last somewhere, a last of all
    records = [
        run(name, seed, fold, init_digest=name, finished=f"2025-01-{ends[name][seed]}T00:00:00Z")
        for name in ends
        for seed in (0, 1)
        for fold in (0, 1)
    ]
    board, note = without(*records)
    assert [row.label for row in board.rows] == ["a"]
    assert "4 runs of b" in note


def test_other_batches_of_one_composition_leave_a_run_out(run: MakeRun) -> None:
    _, note = without(run("a"), run("b"), run("c", batches_digest="x"))
    assert "1 run of c: their balanced batches are not those of the others" in note


def test_a_run_that_was_tested_on_other_samples_is_left_out_and_one_of_unknown_stays(
    run: MakeRun,
) -> None:
    board, note = without(
        run("a", test_digest="t"),
        run("b", test_digest="t"),
        run("c", test_digest="easier"),
        run("before"),
    )
    assert {row.label for row in board.rows} == {"a", "b", "before"}
    assert "1 run of c: their test samples are not those of the others" in note


def test_a_replicate_that_lost_a_fold_so_counts_no_more(replicate: Callable[..., Any]) -> None:
    runs = [*replicate("a"), *replicate("b"), *replicate("c")]
    runs[-1] = runs[-1].model_copy(update={"init_digest": "x"})
    board, _ = without(*runs)
    assert board.rows[-1].label == "c"
    assert board.rows[-1].metrics == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"declared": {"composition": "one-per-class"}, "batches_digest": "x"}),
        *[({"declared": {"composition": "clusters"}, "batches_digest": d},) * 2 for d in "x"],
        (
            {"samples": Samples(training=50, labelled=50), "batches_digest": "x"},
            {"samples": Samples(training=100, labelled=50), "batches_digest": "y"},
        ),
        ({}, {"batches_digest": None}),
        ({}, {"declared": {"members": 4}, "init_digest": "smaller"}),
        ({}, {"seed": 1, "init_digest": "x"}),
    ],
)
def test_what_need_not_agree_leaves_nothing_out(
    run: MakeRun, one: dict[str, Any], other: dict[str, Any]
) -> None:
    board = build_board([run("a", **one), run("b", **other)])
    assert len(board.rows) == 2
    assert not [note for note in board.notes if note.startswith("left out")]


def test_batches_of_clusters_are_each_methods_own(run: MakeRun) -> None:
    own = {"composition": "clusters"}
    one, other = (run(n, batches_digest=n, declared=own) for n in ("magnet", "clustering"))
    assert len(build_board([one, other]).rows) == 2


def test_methods_that_draw_clusters_still_share_the_initial_weights(run: MakeRun) -> None:
    own = {"composition": "clusters"}
    runs = [run(n, init_digest=n[0], declared=own) for n in ("aa", "ab", "b")]
    assert "1 run of b: their initial weights" in without(*runs)[1]


def test_a_failed_run_that_started_from_other_weights_is_left_out(
    run: MakeRun, failed_run: MakeRun
) -> None:
    _, note = without(run("a"), run("b"), failed_run("c", init_digest="other"))
    assert "1 run of c: their initial weights" in note


def test_a_hidden_version_cannot_spoil_the_board(run: MakeRun) -> None:
    old = run(identity={"version": "0.9"}, init_digest="other", finished="2024-01-01T00:00:00Z")
    assert not [note for note in build_board([old, run()]).notes if note.startswith("left out")]


def test_trials_are_on_no_board(run: MakeRun) -> None:
    trial = run("b", identity={"search": 0, "trial": 3}, chosen_by="trial")
    assert [row.label for row in build_board([run("a"), trial]).rows] == ["a"]


def test_where_environments_differ_the_board_says_in_what(run: MakeRun) -> None:
    here = {"device": "cpu", "cpu": "AMD EPYC", "torch": "2.13.0"}
    runs = [run(environment=here), run(seed=1, environment=here | {"cpu": "Intel Xeon"})]
    assert "not all runs are of one processor: AMD EPYC (1 run), Intel Xeon (1 run)" in (
        build_board(runs).notes
    )
    assert len(build_board(runs).rows) == 1


def test_runs_of_another_version_of_the_losses_are_no_replicates(run: MakeRun) -> None:
    runs = [
        run(seed=seed, environment={"pytorch-metric-learning": version}, finished=when)
        for seed, version, when in (
            (0, "2.8", "2025-01-01T00:00:00Z"),
            (1, "2.9", "2025-01-02T00:00:00Z"),
        )
    ]
    (row,) = build_board(runs).rows
    assert row.members == (runs[1].run_id,)
    both = build_board(runs, all_versions=True)
    assert [row.label for row in both.rows] == [
        "triplet (pytorch-metric-learning 2.8)",
        "triplet (pytorch-metric-learning 2.9)",
    ]


def test_where_libraries_are_known_the_environments_do_not_split(run: MakeRun) -> None:
    runs = [
        run(
            seed=seed,
            identity={"libraries": ("scipy 1.17",)},
            environment={"pytorch-metric-learning": version},
        )
        for seed, version in enumerate(("2.8", "2.9"))
    ]
    (row,) = build_board(runs).rows
    assert len(row.members) == 2


def test_a_row_with_fewer_replicates_stands_below_complete_ones(
    replicate: Callable[..., list[Record]],
) -> None:
    runs = [*replicate("few", 0, 0.9), *replicate("all", 0, 0.3), *replicate("all", 1, 0.3)]
    board = build_board(runs)
    assert [row.label for row in board.rows] == ["all", "few"]
    assert any(
        "fewer replicates than others, so below them: few (1 of 2)" in n for n in board.notes
    )


def test_what_plugins_say_of_their_metrics_is_known_to_the_board(run: MakeRun) -> None:
    told = {"entropy": Told(higher_is_better=False, low=0.0)}
    facts = build_board([run(scores={"extra": {"entropy": 0.5}, "told": told})]).facts("entropy")
    assert (facts.kind, facts.higher_is_better, facts.low, facts.high) == ("plugin", False, 0, None)


def test_a_metric_whose_direction_runs_dispute_orders_nothing_unasked(
    replicate: Callable[..., list[Record]],
) -> None:
    told = {"up": Told(higher_is_better=True), "down": Told(higher_is_better=False)}
    runs = [
        one.model_copy(
            update={
                "scores": one.scores.model_copy(
                    update={"extra": {"entropy": 0.5}, "told": {"entropy": told[method]}}
                )
            }
        )
        for method in told
        for one in replicate(method)
        if one.scores
    ]
    for order in (runs, runs[::-1]):
        board = build_board(order)
        assert board.facts("entropy").higher_is_better is None
        (note,) = [note for note in board.beside if "entropy" in note]
        assert note.endswith("some runs say that higher is better, and some that lower is")
        with pytest.raises(UserError, match="do not say which way it is better, or not all the"):
            build_board(order, ranked_by="entropy")


def test_bounds_that_runs_dispute_are_none(run: MakeRun) -> None:
    told = [Told(higher_is_better=True, low=0.0, high=high) for high in (1.0, 2.0)]
    runs = [
        run(method, scores={"extra": {"purity": 0.5}, "told": {"purity": one}})
        for method, one in zip("ab", told, strict=True)
    ]
    facts = build_board(runs).facts("purity")
    assert (facts.higher_is_better, facts.low, facts.high) == (True, None, None)
