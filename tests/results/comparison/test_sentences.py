"""The words: exactly those that the issue asks for, and no claim that the numbers do not bear."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from harness.results import Board
from harness.results.comparison import compare
from harness.results.sentences import (
    comparison_document,
    comparison_text,
    power_text,
    verdict_sentence,
)

MakeBoard = Callable[..., Board]


def around(mean: float, spread: float, count: int) -> dict[int, list[float]]:
    """One fold a replicate: values of exactly this mean and standard deviation."""
    values = np.random.default_rng(count).normal(0, 1, count)
    values = (values - values.mean()) / values.std(ddof=1)
    return {seed: [mean + spread * value] for seed, value in enumerate(values.tolist())}


def flat(mean: float, count: int) -> dict[int, list[float]]:
    return {seed: [mean] for seed in range(count)}


def test_the_better_method_is_named_with_difference_interval_and_p(board: MakeBoard) -> None:
    scores = {"multi-similarity": around(0.331, 0.01, 10), "triplet": flat(0.3, 10)}
    scores["margin"] = flat(0.1, 10)
    found = compare(board(scores), "multi-similarity", "triplet", metric="map_at_r")
    # 2.262157 * 0.01 / sqrt(10) = 0.00715; t = 9.80
    assert verdict_sentence(found) == (
        "multi-similarity is better than triplet by 0.031 [0.024, 0.038] MAP@R, "
        "p < 0.001 among 3 pairs, 10 replicates"
    )


def test_the_worse_method_may_be_named_first(board: MakeBoard) -> None:
    scores = {"multi-similarity": around(0.331, 0.01, 10), "triplet": flat(0.3, 10)}
    forward = compare(board(scores), "multi-similarity", "triplet", metric="map_at_r")
    backward = compare(board(scores), "triplet", "multi-similarity", metric="map_at_r")
    assert comparison_text(backward) == comparison_text(forward)


def test_a_single_pair_is_not_said_to_be_corrected(board: MakeBoard) -> None:
    scores = {"a": around(0.331, 0.03, 10), "b": flat(0.3, 10)}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert verdict_sentence(found).endswith("MAP@R, p = 0.010, 10 replicates")


def test_what_cannot_be_told_apart_is_said_with_what_would_show(board: MakeBoard) -> None:
    scores = {"a": around(0.3001, 0.0085, 10), "b": flat(0.3, 10)}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    # 0.0085 / sqrt(chi2(.2, 9) / 9) = 0.011: n = 40 gives 80 % at 0.005 / 0.011, two-sided 5 %.
    assert verdict_sentence(found) == (
        "a and b are not distinguishable; 30 more replicates would show 0.005"
    )


def test_a_pair_that_only_the_correction_keeps_apart_is_said_to_be_so(board: MakeBoard) -> None:
    others = {f"m{i}": flat(0.1 + i / 100, 4) for i in range(5)}
    scores = {"a": around(0.331, 0.015, 4), "b": flat(0.3, 4)} | others
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert verdict_sentence(found).startswith("a and b are not distinguishable among 21 pairs; ")
    assert "more replicates would show one of this size" in comparison_text(found)


def test_enough_replicates_without_a_difference_say_that_they_were_enough(
    board: MakeBoard,
) -> None:
    scores = {"a": around(0.3001, 0.001, 10), "b": flat(0.3, 10)}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert verdict_sentence(found).endswith("these replicates would have shown 0.005")


def test_one_replicate_is_said_to_have_no_interval(board: MakeBoard) -> None:
    found = compare(board({"a": flat(0.5, 1), "b": flat(0.4, 1)}), "a", "b", metric="map_at_r")
    text = comparison_text(found)
    assert "one common replicate, so no interval and no test" in text
    assert "[" not in text
    assert "p =" not in text


def test_methods_without_noise_are_said_to_have_none(board: MakeBoard) -> None:
    found = compare(board({"a": flat(0.5, 3), "b": flat(0.5, 3)}), "a", "b", metric="map_at_r")
    same = "a and b score the same in every run: nothing tells them apart"
    assert verdict_sentence(found) == same
    assert comparison_text(found).splitlines() == [
        same,
        "  MAP@R: a 0.500, b 0.500; 3 common replicates, one fold",
    ]


def test_a_chance_and_an_effect_size_are_named_from_six_replicates_on(board: MakeBoard) -> None:
    def said(replicates: int) -> str:
        scores = {"a": around(0.5, 0.01, replicates), "b": flat(0.3, replicates)}
        return comparison_text(compare(board(scores), "a", "b", metric="map_at_r"))

    few, enough = said(5), said(6)
    assert "a is above b in 100 % of the 25 pairings of their replicates\n" in few
    assert (
        "100 % of the 36 pairings of their replicates, the chance of a fresh one; effect size"
        in enough
    )


@pytest.mark.parametrize(("folds", "units"), [(1, "over replicates"), (2, "within folds")])
def test_a_test_is_called_by_its_units(board: MakeBoard, folds: int, units: str) -> None:
    a = {seed: [0.5 + seed / 100, 0.5][:folds] for seed in range(3)}
    b = {seed: [0.3] * folds for seed in range(3)}
    text = comparison_text(compare(board({"a": a, "b": b}), "a", "b", metric="map_at_r"))
    assert f"this pair alone: t-test {units} p" in text


def test_without_noise_there_is_no_t_test(board: MakeBoard) -> None:
    found = compare(board({"a": flat(0.5, 3), "b": flat(0.4, 3)}), "a", "b", metric="map_at_r")
    text = comparison_text(found)
    assert "this pair alone: no noise was measured, so signs alone p = 0.250" in text
    assert "t-test" not in text
    assert "interval" not in text  # of many pairs, and there is none
    three = {"a": flat(0.5, 3), "b": flat(0.4, 3), "c": flat(0.3, 3)}
    assert "interval" not in comparison_text(compare(board(three), "a", "b", metric="map_at_r"))


def test_replicates_left_out_are_counted(board: MakeBoard) -> None:
    scores = {"a": around(0.5, 0.01, 6), "b": flat(0.3, 4)}
    text = comparison_text(compare(board(scores), "a", "b", metric="map_at_r"))
    assert "left out: 2 replicates of a that b lacks" in text


def test_the_exact_test_is_left_out_where_it_can_say_nothing(board: MakeBoard) -> None:
    scores = {"a": around(0.5, 0.001, 3), "b": flat(0.3, 3)}
    text = comparison_text(compare(board(scores), "a", "b", metric="map_at_r"))
    assert "sign-flip" not in text
    scores = {"a": around(0.5, 0.001, 6), "b": flat(0.3, 6)}
    text = comparison_text(compare(board(scores), "a", "b", metric="map_at_r"))
    assert "exact sign-flip test over replicates p = 0.031" in text


def test_an_unlocked_protocol_is_said_to_be_one(board: MakeBoard) -> None:
    scores = {"a": flat(0.5, 3), "b": flat(0.4, 3)}
    shown = board(scores, unlocked=("training.steps=4",))
    text = comparison_text(compare(shown, "a", "b", metric="map_at_r"))
    assert "unlocked protocol: training.steps=4" in text


def test_control_characters_of_a_name_do_not_reach_the_terminal(board: MakeBoard) -> None:
    scores = {"evil\x1b[2J\nname": flat(0.5, 3), "b": flat(0.4, 3)}
    text = comparison_text(compare(board(scores), "evil\x1b[2J\nname", "b", metric="map_at_r"))
    assert "\x1b" not in text
    assert r"evil\x1b[2J name" in text


def test_the_document_is_plain_json_with_the_sentence_in_it(board: MakeBoard) -> None:
    for count in (1, 3, 10):
        scores = {"a": around(0.5, 0.01, count) if count > 1 else flat(0.5, 1)}
        scores["b"] = flat(0.3, count)
        found = compare(board(scores), "a", "b", metric="map_at_r")
        document = json.loads(json.dumps(comparison_document(found), allow_nan=False))
        assert document["sentence"] == verdict_sentence(found)
        assert document["replicates"] == count


def test_power_is_said_for_the_pair_alone_and_beside_all_pairs(board: MakeBoard) -> None:
    scores = {"a": around(0.31, 0.01, 10), "b": flat(0.3, 10), "c": flat(0.1, 10)}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert found.power is not None
    text = power_text(found, found.power)
    assert "to see 0.005 MAP@R between a and b with 80 % probability: 55 replicates" in text
    assert "among 3 pairs" in text
    assert "0.01 as measured over 10 replicates; planned with 0.013" in text


@pytest.mark.parametrize(("spread", "shown"), [(0.0001, "0.03000"), (0.01, "0.030")])
def test_as_many_decimals_are_shown_as_the_interval_has(
    board: MakeBoard, spread: float, shown: str
) -> None:
    scores = {"a": around(0.33, spread, 10), "b": flat(0.3, 10)}
    found = compare(board(scores), "a", "b", metric="map_at_r")
    assert f"by {shown} [" in verdict_sentence(found)
