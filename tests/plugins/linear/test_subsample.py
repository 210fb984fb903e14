"""What the fits see of a training part."""

import numpy as np
import pytest
from bench_methods.linear.subsample import chunklets, pairs_within, whole_classes

LABELS = np.repeat([0, 1, 2, 3, 4], [4, 4, 1, 4, 2])


def test_classes_are_taken_whole_and_those_of_one_sample_left_out():
    seen = whole_classes(LABELS, most=8, seed=0)
    names, sizes = np.unique(LABELS[seen], return_counts=True)
    assert np.array_equal(sizes, np.bincount(LABELS)[names])
    assert 2 not in names
    assert len(seen) <= 8


def test_where_all_may_be_seen_only_lone_samples_are_missing():
    assert np.array_equal(whole_classes(LABELS, most=99, seed=0), np.flatnonzero(LABELS != 2))


def test_one_class_is_always_seen():
    assert len(whole_classes(np.zeros(7, int), most=3, seed=0)) == 7


def test_the_seed_decides_which_classes_are_seen():
    labels = np.repeat(np.arange(40), 2)
    first, again, other = (whole_classes(labels, most=20, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_chunklet_is_of_one_class_and_of_the_size_asked_for():
    numbers = chunklets(LABELS, size=3, seed=0)
    for number in range(numbers.max() + 1):
        assert len(set(LABELS[numbers == number])) == 1
    assert np.bincount(numbers[numbers >= 0]).tolist() == [3, 3, 3, 2]
    assert (numbers == -1).sum() == 3 + 1


def test_the_seed_decides_the_chunklets():
    first, again, other = (chunklets(LABELS, size=2, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("most", "expected"), [(5, 5), (99, (3 * 6 + 1) // 2)])
def test_half_of_all_pairs_are_drawn_at_most(most, expected):
    assert pairs_within(LABELS, most=most) == expected
