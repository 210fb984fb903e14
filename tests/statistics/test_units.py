"""What counts as one observation: runs within folds, and when it must be seeds."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics import complete, fold_units, seed_effect


def board(seed: int, shape: tuple[int, int, int], shared: float = 0.0) -> np.ndarray:
    """Noise of which a share is common to the folds of a method's seed."""
    draw = np.random.default_rng(seed)
    own, common = draw.normal(size=shape), draw.normal(size=(*shape[:2], 1))
    return np.sqrt(1 - shared) * own + np.sqrt(shared) * common


def test_a_replicate_that_lacks_a_fold_is_missing() -> None:
    found = complete([[[0.1, 0.2], [0.3, np.nan]]])
    np.testing.assert_array_equal(found, [[[0.1, 0.2], [np.nan, np.nan]]])


def test_without_folds_each_seed_is_one_observation() -> None:
    assert complete([[0.1, 0.2]]).shape == (1, 2, 1)


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="methods, seeds, folds"):
        complete([0.1])


def test_the_ratio_is_that_of_the_two_way_analysis_of_variance() -> None:
    values = board(0, (6, 3, 4))
    own = values - values.mean(1, keepdims=True)
    own = own - own.mean(0, keepdims=True)
    between = 4 * np.square(own.mean(2)).sum() / (5 * 2)
    within = np.square(own - own.mean(2, keepdims=True)).sum() / (5 * 2 * 3)
    assert seed_effect(values).ratio == pytest.approx(between / within)


@pytest.mark.parametrize("shape", [(15, 2, 4), (40, 3, 2), (8, 5, 4)])
def test_independent_folds_are_seldom_taken_for_dependent(shape: tuple[int, int, int]) -> None:
    p_values = [seed_effect(board(seed, shape)).p_value or 1.0 for seed in range(400)]
    assert np.mean(np.array(p_values) < 0.05) <= 0.08


def test_methods_that_go_together_are_not_taken_for_folds_that_do() -> None:
    draw = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        values = draw.normal(size=(40, 3, 4)) + 3 * draw.normal(size=(1, 3, 4)) * np.repeat(
            [[[1.0]], [[-1.0]]], 20, axis=0
        )
        found += seed_effect(values).found
    assert found <= 6  # a test with m - 1 degrees finds it on one board in five


def test_folds_that_share_noise_make_seeds_the_units() -> None:
    assert seed_effect(board(2, (40, 3, 4), shared=0.3)).found


def test_a_weaker_sign_of_it_makes_variances_larger() -> None:
    effects = [seed_effect(board(seed, (8, 2, 4), shared=0.3)) for seed in range(200)]
    assert np.mean([effect.excess > 1.2 for effect in effects]) > 0.5
    assert all(effect.excess >= 1.0 for effect in effects)


@pytest.mark.parametrize("shape", [(1, 3, 4), (4, 1, 4), (4, 3, 1), (0, 0, 1)])
def test_where_nothing_can_be_tested_nothing_is_found(shape: tuple[int, int, int]) -> None:
    effect = seed_effect(np.zeros(shape))
    assert (effect.p_value, effect.found, effect.excess) == (None, False, 1.0)


def test_incomplete_rows_are_left_out_of_the_test() -> None:
    values = board(3, (6, 3, 4))
    values[5, 2] = np.nan
    assert seed_effect(values).ratio == pytest.approx(seed_effect(values[:5]).ratio)


def test_equally_noisy_folds_all_count_and_a_noisy_one_alone() -> None:
    residuals = np.array([1.0, -1.0])[None, :, None].repeat(2000, axis=0)
    assert fold_units(residuals * np.ones((1, 1, 4)), common=False) == pytest.approx(4, rel=0.01)
    assert fold_units(residuals * np.array([1.0, 0, 0, 0]), common=False) == pytest.approx(1)
    # variances 1 and 3: (1 + 3)^2 / (1 + 9)
    assert fold_units(residuals * np.sqrt([1.0, 3.0]), common=False) == pytest.approx(1.6, rel=0.01)


def test_what_all_methods_share_is_no_noise_of_differences() -> None:
    shared = np.random.default_rng(4).normal(size=(1, 3, 2)) * np.array([10.0, 0.1])
    own = board(5, (30, 3, 2))
    assert fold_units(shared + own, common=True) > 1.9
    assert fold_units(shared + own, common=False) < 1.5


def test_the_ratio_is_an_f_statistic() -> None:
    ratios = [seed_effect(board(seed, (9, 3, 4))).ratio or 0.0 for seed in range(500)]
    expected = stats.f(16, 48)
    assert np.median(ratios) == pytest.approx(expected.median(), rel=0.05)
    assert np.quantile(ratios, 0.95) == pytest.approx(expected.ppf(0.95), rel=0.1)


def test_many_methods_take_no_table_of_methods_by_methods() -> None:
    effect = seed_effect(board(6, (200_000, 2, 2)))  # a table would have 320 GB
    assert effect.ratio == pytest.approx(1.0, abs=0.02)
