"""What is told of a board's rows: letters, ranks, top group and intervals agree."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.statistics.standings import standings


def board(truth: np.ndarray, noise: float = 0.01, seeds: int = 3, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    folds = draw.normal(0, 0.02, (1, 1, 4))
    return truth[:, None, None] + folds + noise * draw.normal(size=(len(truth), seeds, 4))


def test_a_board_of_two_groups_has_two_letters_in_order_of_the_means() -> None:
    found = standings(board(np.array([0.2, 0.5, 0.2, 0.5])), bounds=(0, 1))
    assert [row.ties for row in found.rows] == ["b", "a", "b", "a"]
    assert [row.ranks for row in found.rows] == [(3, 4), (1, 2), (3, 4), (1, 2)]
    assert [row.best for row in found.rows] == [False, True, False, True]
    assert (found.told, found.shown) == (4, "letters")


def test_lower_is_better_turns_ranks_and_not_intervals() -> None:
    values = board(np.array([0.2, 0.5]))
    up, down = standings(values), standings(values, higher_is_better=False)
    assert [row.ranks for row in down.rows] == [(1, 1), (2, 2)]
    assert [row.interval for row in up.rows] == [row.interval for row in down.rows]


def test_a_long_slope_is_shown_by_ranks() -> None:
    found = standings(board(np.linspace(0.2, 0.5, 40), noise=0.03))
    assert found.shown == "ranks"


def test_where_nothing_is_told_apart_there_is_nothing_to_show() -> None:
    found = standings(board(np.full(5, 0.5), noise=0.05))
    assert (found.told, found.shown) == (0, "nothing")


def test_a_row_of_one_replicate_has_a_mean_and_no_more() -> None:
    values = board(np.array([0.2, 0.5, 0.9]))
    values[2, 1:] = np.nan
    found = standings(values)
    assert found.rows[2].interval.n == 1
    assert (found.rows[2].best, found.rows[2].ties, found.rows[2].ranks) == (None, None, None)
    assert found.rows[2].interval.low is None
    assert found.rows[0].ranks == (2, 2)


def test_one_row_that_can_be_tested_is_not_compared() -> None:
    found = standings(board(np.array([0.2])))
    assert found.rows[0].ties is None
    assert found.rows[0].interval.low is not None
    assert found.shown == "nothing"


def test_no_rows_make_no_board() -> None:
    assert standings(np.zeros((0, 0, 1))).rows == ()


def test_seeds_are_units_where_the_caller_says_so() -> None:
    values = board(np.array([0.2, 0.21, 0.22]))
    found = standings(values, by_seeds=True)
    assert found.pairs.folds == 1
    assert found.rows[0].interval == standings(values.mean(axis=2)).rows[0].interval


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), methods=st.integers(2, 25), seeds=st.integers(2, 4))
def test_letters_ranks_and_top_group_never_contradict_each_other(
    seed: int, methods: int, seeds: int
) -> None:
    draw = np.random.default_rng(seed)
    found = standings(board(draw.uniform(0.2, 0.5, methods), 0.02, seeds, seed))
    apart = found.pairs.apart()
    for i, one in enumerate(found.rows):
        assert one.ranks is not None
        assert (one.ranks[0] > 1) <= (one.best is False)  # certainly below one: not the best
        for j, other in enumerate(found.rows[:i]):
            assert bool(apart[i, j]) == (not set(one.ties or "") & set(other.ties or ""))
