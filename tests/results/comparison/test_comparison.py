"""Comparing two rows: what is paired, which test decides, and what a few replicates can tell."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import UserError
from harness.results import Board
from harness.results.class_sums import ClassSums
from harness.results.comparison import compare
from harness.results.source import RecordsSource
from harness.statistics.bootstrap import hierarchical_bootstrap
from harness.statistics.pairs import paired_difference

MakeBoard = Callable[..., Board]


def replicates(mean: float, count: int, *, seed: int, folds: int = 2) -> dict[int, list[float]]:
    values = np.random.default_rng(seed).normal(mean, 0.01, (count, folds))
    return dict(enumerate(values.tolist()))


TWO = {"a": replicates(0.6, 6, seed=0), "b": replicates(0.5, 6, seed=1)}


def test_the_difference_is_that_of_the_pair_within_folds(board: MakeBoard) -> None:
    found = compare(board(TWO), "a", "b", metric="map_at_r")
    first, second = (np.array(list(TWO[name].values())) for name in ("a", "b"))
    assert found.difference == paired_difference(first, second)
    assert found.verdict == "first"


def test_the_order_of_the_names_turns_the_comparison(board: MakeBoard) -> None:
    forward = compare(board(TWO), "a", "b", metric="map_at_r")
    backward = compare(board(TWO), "b", "a", metric="map_at_r")
    assert backward.verdict == "second"
    turned = backward.turned()
    assert turned.difference.interval.mean == pytest.approx(forward.difference.interval.mean)
    assert (turned.labels, turned.improvement) == (forward.labels, forward.improvement)


def test_lower_can_be_better(board: MakeBoard) -> None:
    found = compare(
        board(TWO, "plugin-loss"), "a", "b", metric="plugin-loss", higher_is_better=False
    )
    assert found.verdict == "second"
    assert found.difference.interval.mean is not None
    assert found.difference.interval.mean < 0
    assert found.improvement == 0.0


def test_only_common_seeds_are_compared_and_the_others_are_counted(board: MakeBoard) -> None:
    scores = {"a": replicates(0.6, 6, seed=0), "b": replicates(0.5, 4, seed=1)}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert (found.replicates, found.left_out) == (4, (2, 0))
    first, second = (np.array(list(scores[name].values()))[:4] for name in ("a", "b"))
    assert found.difference.interval.mean == pytest.approx((first - second).mean())


def test_rows_without_a_common_seed_cannot_be_paired(board: MakeBoard) -> None:
    scores = {"a": {0: [0.5], 1: [0.5]}, "b": {2: [0.5]}}
    with pytest.raises(UserError, match="no seed in common"):
        compare(board(scores), "a", "b", metric="map_at_r")


def test_one_common_replicate_has_no_test_and_no_interval(board: MakeBoard) -> None:
    found = compare(board({"a": {0: [0.5]}, "b": {0: [0.4]}}), "a", "b", metric="map_at_r")
    assert found.verdict == "one replicate"
    assert (found.adjusted, found.sign_flip, found.power) == (None, None, None)
    assert found.difference.interval.mean == pytest.approx(0.1)


def test_the_verdict_is_corrected_over_all_pairs_of_the_board(board: MakeBoard) -> None:
    scores = TWO | {"c": replicates(0.55, 6, seed=2), "d": {0: [0.5, 0.5]}}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert found.family == 3  # d has a single replicate and cannot be tested
    assert found.adjusted is not None
    assert found.difference.p_value is not None
    assert found.adjusted >= found.difference.p_value


def test_a_pair_named_in_advance_is_not_corrected(board: MakeBoard) -> None:
    scores = TWO | {"c": replicates(0.55, 6, seed=2)}
    found = compare(board(scores), "a", "b", metric="map_at_r", alone=True)
    assert (found.family, found.adjusted) == (1, found.difference.p_value)


def test_the_verdict_agrees_with_the_letters_of_the_board(board: MakeBoard) -> None:
    means = [0.5, 0.505, 0.51, 0.52, 0.55]
    scores = {f"m{i}": replicates(mean, 5, seed=i) for i, mean in enumerate(means)}
    shown = board(scores)
    for first in shown.rows:
        for second in shown.rows:
            if first is second:
                continue
            found = compare(shown, first.label, second.label, metric="map_at_r")
            tied = bool(set(first.ties or "") & set(second.ties or ""))
            assert (found.verdict == "undecided") == tied


def test_methods_that_score_the_same_are_not_told_apart(board: MakeBoard) -> None:
    found = compare(board({"a": TWO["a"], "b": TWO["a"]}), "a", "b", metric="map_at_r")
    assert (found.verdict, found.adjusted) == ("undecided", 1.0)


def test_a_difference_without_noise_is_as_certain_as_its_signs(board: MakeBoard) -> None:
    few = {m: {seed: [score] for seed in range(3)} for m, score in (("a", 0.5), ("b", 0.25))}
    many = {m: {seed: [score] for seed in range(7)} for m, score in (("a", 0.5), ("b", 0.25))}
    assert compare(board(few), "a", "b", metric="map_at_r").verdict == "undecided"
    assert compare(board(many), "a", "b", metric="map_at_r").verdict == "first"


def test_an_unknown_method_is_answered_with_the_nearest_name(board: MakeBoard) -> None:
    scores = {"triplet": TWO["a"], "margin": TWO["b"]}
    with pytest.raises(UserError, match="unknown method 'tripplet'; did you mean 'triplet'"):
        compare(board(scores), "tripplet", "margin", metric="map_at_r")


def test_an_unknown_metric_is_answered_with_the_nearest_name(board: MakeBoard) -> None:
    with pytest.raises(UserError, match="unknown metric 'map'; did you mean 'map_at_r'"):
        compare(board(TWO), "a", "b", metric="map")


def test_a_method_against_itself_is_refused(board: MakeBoard) -> None:
    with pytest.raises(UserError, match="one row"):
        compare(board(TWO), "a", "a", metric="map_at_r")


def test_a_method_without_a_complete_replicate_is_named(board: MakeBoard, record: Callable) -> None:
    from harness.results import build_board

    records = [record("a", 0, fold, {"map_at_r": 0.5}, 2) for fold in (0, 1)]
    shown = build_board([*records, record("b", 0, 0, {"map_at_r": 0.5}, 2)])
    with pytest.raises(UserError, match="'b' has no complete replicate"):
        compare(shown, "a", "b", metric="map_at_r")


def test_a_name_of_several_rows_asks_for_one_of_them(record: Callable) -> None:
    from harness.results import build_board

    records = [
        record("a", 0, 0, {"map_at_r": 0.5}, 1, hyperparameters={"margin": margin})
        for margin in (0.1, 0.2)
    ]
    shown = build_board(records)
    with pytest.raises(UserError, match=r"2 rows, name one of them: a \(margin="):
        compare(shown, "a", "a (margin=0.2)", metric="map_at_r")
    assert compare(shown, "a (margin=0.1)", "a (margin=0.2)", metric="map_at_r").replicates == 1


@pytest.mark.parametrize("missing", [float("nan"), float("inf")])
def test_a_replicate_whose_score_is_not_finite_is_left_out(
    board: MakeBoard, missing: float
) -> None:
    spoiled = {**TWO["a"], 2: [0.5, missing]}
    found = compare(board({"a": spoiled, "b": TWO["b"]}), "a", "b", metric="map_at_r")
    assert (found.replicates, found.left_out) == (5, (0, 1))


def test_sums_by_class_give_the_bootstrap_of_the_differences(board: MakeBoard) -> None:
    sums = np.random.default_rng(0).normal(2, 0.1, (2, 6, 2, 9))
    counts, classes = np.full(9, 4.0), np.arange(9)
    shown = board(TWO)
    given = {
        run: ClassSums(sums=sums[row][seed][fold], counts=counts, classes=classes)
        for row, label in enumerate("ab")
        for seed, runs in shown.rows[shown.row(label)].run_ids.items()
        for fold, run in enumerate(runs)
    }
    source = RecordsSource("records", (), sums=lambda run, _: given[run])
    found = compare(shown, "a", "b", metric="map_at_r", source=source)
    expected = hierarchical_bootstrap((sums[0] - sums[1])[None], counts, seed=0)
    assert found.resampled == (expected.low[0], expected.high[0])
    assert found.levels == ("seeds", "folds", "classes")
