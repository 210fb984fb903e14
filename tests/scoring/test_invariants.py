"""Scores that no embedding can have are named."""

import pytest

from harness.scoring import check_invariants

SOUND = {
    "precision_at_1": 0.5,
    "recall_at_1": 0.5,
    "recall_at_2": 0.6,
    "recall_at_10": 0.7,
    "r_precision": 0.4,
    "map_at_r": 0.3,
    "mrr": 0.55,
    "ami": -0.01,
}


def test_sound_scores_break_nothing() -> None:
    assert check_invariants(SOUND) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"map_at_r": 0.41}, "map_at_r is 0.41, above r_precision"),
        ({"recall_at_10": 0.59}, "recall_at_2 is 0.6, above recall_at_10"),
        ({"precision_at_1": 0.45}, "not the same"),
        ({"mrr": 0.4}, "precision_at_1 is 0.5, above mrr"),
        ({"ami": 1.5}, "outside -1 to 1"),
        ({"map_at_r": -0.1}, "outside 0 to 1"),
        ({"r_precision": float("nan")}, "r_precision is nan"),
    ],
)
def test_a_broken_invariant_is_named(change: dict[str, float], said: str) -> None:
    assert any(said in problem for problem in check_invariants(SOUND | change))


def test_scores_of_plugins_are_left_alone() -> None:
    assert check_invariants({"seconds": 40.0}) == []
