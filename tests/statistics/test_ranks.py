"""Rank intervals and how often each rank is taken."""

import numpy as np
import pytest

from harness.statistics.standings import rank_intervals, shares_of_best


def test_nothing_told_apart_leaves_every_rank_open() -> None:
    lowest, highest = rank_intervals(np.zeros((3, 3), bool))
    assert (lowest.tolist(), highest.tolist()) == ([1, 1, 1], [3, 3, 3])


def test_all_told_apart_fixes_every_rank() -> None:
    lowest, highest = rank_intervals(np.triu(np.ones((4, 4), bool), 1))
    assert lowest.tolist() == highest.tolist() == [1, 2, 3, 4]


def test_one_better_method_stands_above_and_one_worse_below() -> None:
    better = np.zeros((3, 3), bool)
    better[0, 2] = True
    lowest, highest = rank_intervals(better)
    assert list(zip(lowest.tolist(), highest.tolist(), strict=True)) == [(1, 2), (1, 3), (2, 3)]


def test_draws_are_counted_by_who_is_the_best() -> None:
    shares = shares_of_best([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(shares, [0.75, 0, 0.25])


def test_methods_that_tie_for_the_best_share_the_draw() -> None:
    np.testing.assert_allclose(
        shares_of_best([[1.0, 1.0, 0.0], [2.0, 1.0, 2.0]]), [0.5, 0.25, 0.25]
    )


def test_shares_add_to_one() -> None:
    shares = shares_of_best(np.random.default_rng(0).normal(size=(50, 6)))
    assert shares.sum() == pytest.approx(1.0)
