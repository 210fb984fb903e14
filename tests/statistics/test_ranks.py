"""Rank intervals and how often each rank is taken."""

import numpy as np
import pytest

from harness.statistics import bootstrap_ranks, rank_intervals


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


def test_draws_are_counted_by_method_and_rank() -> None:
    shares = bootstrap_ranks([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(shares, [[0.75, 0, 0.25], [0, 0.75, 0.25], [0.25, 0.25, 0.5]])


def test_lower_can_be_better() -> None:
    assert bootstrap_ranks([[1.0, 2.0]], higher_is_better=False).tolist() == [[1, 0], [0, 1]]


def test_shares_add_to_one_by_method_and_by_rank() -> None:
    shares = bootstrap_ranks(np.random.default_rng(0).normal(size=(50, 6)))
    assert shares.sum(axis=0) == pytest.approx(np.ones(6))
    assert shares.sum(axis=1) == pytest.approx(np.ones(6))
