"""Which methods may be the best."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.pairs import all_pairs
from harness.statistics.standings import may_be_best


def noisy(truth: np.ndarray, seed: int = 0, noise: float = 0.01, seeds: int = 3) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return truth[:, None, None] + noise * draw.normal(size=(len(truth), seeds, 4))


def test_whoever_is_far_below_is_out_and_equals_of_the_best_are_in() -> None:
    pairs = all_pairs(noisy(np.array([0.5, 0.5, 0.3, 0.1])))
    assert may_be_best(pairs).tolist() == [True, True, False, False]


def test_the_highest_mean_is_always_in() -> None:
    for seed in range(50):
        values = noisy(np.linspace(0, 0.05, 14), seed)
        assert may_be_best(all_pairs(values))[values.mean(axis=(1, 2)).argmax()]


def test_it_is_one_test_at_a_share_of_the_level_for_each_other_method() -> None:
    # One pair's one-sided p stands between 5 % / 2 and 5 %: out of two, in among three.
    d = np.array([-1.0, 0.0, 1.0])
    mean = stats.t.isf(0.035, 2) * np.std(d, ddof=1) / np.sqrt(3)
    first, second = np.zeros(3), d + mean
    assert may_be_best(all_pairs([first, second], floor=0.0)).tolist() == [False, True]
    third = np.array([0.0, 3.0, -3.0]) - 1.0
    assert may_be_best(all_pairs([first, second, third], floor=0.0))[:2].tolist() == [True, True]


def test_whoever_is_told_below_another_is_never_in() -> None:
    for seed in range(30):
        pairs = all_pairs(noisy(np.linspace(0, 0.3, 15), seed, noise=0.02, seeds=2))
        assert not (may_be_best(pairs) & pairs.better().any(axis=0)).any()


def test_a_stricter_level_leaves_more_in() -> None:
    pairs = all_pairs(noisy(np.linspace(0, 0.1, 20), noise=0.02))
    strict, usual = may_be_best(pairs, 0.005), may_be_best(pairs)
    assert strict.sum() > usual.sum()
    assert (strict | ~usual).all()


@pytest.mark.parametrize("seeds", [1, 2])
def test_without_noise_to_go_by_anything_may_be_the_best(seeds: int) -> None:
    pairs = all_pairs(np.array([[[0.9]], [[0.1]]]).repeat(seeds, axis=1))
    assert may_be_best(pairs).all()
