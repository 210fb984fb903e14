"""All pairs of methods: by hand, one at a time, and what must hold of any."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.pairs import FLOOR, all_pairs, holm, paired_difference


@pytest.fixture
def scores() -> np.ndarray:
    """Five methods of six replicates, without folds."""
    draw = np.random.default_rng(0)
    return draw.normal(0.5, 0.02, (5, 6)) + np.arange(5)[:, None] / 50


def folded(seed: int, methods: int, seeds: int = 3, folds: int = 4) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.normal(0.5, 0.02, (methods, seeds, folds)) + 0.1 * draw.normal(size=(1, 1, folds))


def test_noise_is_taken_within_folds() -> None:
    # Two seeds, two folds: differences (.3, .1) and (.1, .1); about the folds' means .2 and .1.
    found = all_pairs([[[0.6, 0.5], [0.4, 0.5]], [[0.3, 0.4], [0.3, 0.4]]])
    assert found.differences[0, 1] == pytest.approx(0.15)
    # squares .01 + .01 over f (n - 1) = 2: variance .01, error sqrt(.01 / 4)
    assert found.errors[0, 1] == pytest.approx(0.05)
    # all noise is in one of the folds: one fold's degrees, n - 1
    assert found.degrees[0, 1] == pytest.approx(1.0)
    assert found.p_values[0, 1] == pytest.approx(2 * stats.t.sf(3.0, 1))


def test_folds_that_are_equally_noisy_all_give_degrees() -> None:
    d = np.array([[0.01, 0.02, 0.03], [0.03, 0.04, 0.01]])  # +-.01 about each fold's mean
    found = all_pairs([0.5 + d, np.full((2, 3), 0.5)])
    assert found.degrees[0, 1] == pytest.approx(3.0)
    assert found.errors[0, 1] == pytest.approx(np.sqrt(2 * 3 * 0.01**2 / 3 / 6))


def test_a_difference_between_folds_is_no_noise() -> None:
    values = folded(1, 4)
    moved = values + np.array([0.3, -0.3, 0.1, -0.1])[None, None] * np.arange(4)[:, None, None]
    np.testing.assert_allclose(all_pairs(moved).p_values, all_pairs(values).p_values)


def test_without_folds_it_is_scipys_paired_t_test(scores: np.ndarray) -> None:
    found = all_pairs(scores, floor=0.0)
    for i, j in combinations(range(5), 2):
        expected = stats.ttest_rel(scores[i], scores[j]).pvalue
        assert found.p_values[i, j] == pytest.approx(expected)


def test_holm_runs_over_each_pair_once_on_a_small_board(scores: np.ndarray) -> None:
    found = all_pairs(scores)
    upper = np.triu_indices(5, 1)
    np.testing.assert_allclose(found.adjusted[upper], holm(found.p_values[upper]))
    assert (found.family, found.shared) == (10, None)


def test_the_tables_are_symmetric_and_the_differences_are_mirrored(scores: np.ndarray) -> None:
    found = all_pairs(scores)
    np.testing.assert_array_equal(found.adjusted, found.adjusted.T)
    np.testing.assert_allclose(found.differences, -found.differences.T)
    np.testing.assert_allclose(found.differences[0, 4], scores[0].mean() - scores[4].mean())


def test_only_common_replicates_are_paired(scores: np.ndarray) -> None:
    scores[0, 0] = scores[1, 5] = np.nan
    found = all_pairs(scores, floor=0.0)
    expected = stats.ttest_rel(scores[0, 1:5], scores[1, 1:5]).pvalue
    assert found.replicates[0, 1] == 4
    assert found.p_values[0, 1] == pytest.approx(expected)


def test_a_replicate_that_lacks_a_fold_is_left_out_of_its_pairs_alone() -> None:
    values = folded(2, 3)
    values[0, 0, 2] = np.nan
    found, full = all_pairs(values), all_pairs(folded(2, 3))
    assert found.replicates.tolist() == [[2, 2, 2], [2, 3, 3], [2, 3, 3]]
    assert found.differences[0, 1] == pytest.approx((values[0, 1:] - values[1, 1:]).mean())
    assert found.differences[1, 2] == pytest.approx(full.differences[1, 2])


def test_methods_without_two_common_replicates_cannot_be_told_apart() -> None:
    found = all_pairs([[0.1, np.nan, 0.11], [np.nan, 0.9, 0.91], [np.nan, 0.9, np.nan]])
    assert not found.apart().any()
    assert np.isnan(found.differences[0, 2])
    assert found.replicates[0, 1] == 1
    assert found.of(0, 1).interval.low is None


def test_whoever_is_better_is_higher_and_told_apart() -> None:
    found = all_pairs([[0.9, 0.91, 0.92], [0.1, 0.111, 0.12]])
    assert found.better().tolist() == [[False, True], [False, False]]


def test_one_method_has_no_pairs() -> None:
    found = all_pairs([[0.1, 0.2]])
    assert (found.family, found.adjusted.tolist()) == (0, [[1.0]])


def test_a_pair_that_happens_to_agree_is_not_taken_for_certain() -> None:
    values = folded(3, 9)
    values[1] = values[0] + 0.001
    values[1, 0, 0] += 1e-7
    found = all_pairs(values)
    others = np.median(found.noise[np.triu_indices(9, 1)] ** 2)
    assert found.noise[0, 1] ** 2 == pytest.approx(FLOOR * others, rel=0.01)
    assert not found.apart()[0, 1]
    # named beforehand it is taken at its word
    assert all_pairs(values, floor=0.0).p_values[0, 1] < 1e-6


@pytest.mark.parametrize(("n", "p_value"), [(2, 0.5), (3, 0.25), (6, 0.03125)])
def test_differences_without_any_variance_are_as_certain_as_their_signs(
    n: int, p_value: float
) -> None:
    first = np.random.default_rng(4).normal(0.5, 0.1, (n, 4))
    found = paired_difference(first + 0.125, first)
    assert found.p_value == pytest.approx(p_value)
    assert (found.interval.mean, found.interval.low) == (pytest.approx(0.125), None)


def test_equal_scores_are_equal() -> None:
    first = np.random.default_rng(5).normal(0.5, 0.1, (3, 4))
    assert paired_difference(first, first).p_value == 1.0


def test_from_twelve_rows_on_noise_is_shared_but_seconded() -> None:
    values = folded(6, 20, seeds=2)
    values[:10] += 0.08
    found = all_pairs(values)
    upper = np.triu_indices(20, 1)
    assert found.prior is not None
    assert found.shared is not None
    assert found.apart().sum() > 2 * (holm(found.p_values[upper]) <= 0.05).sum()
    assert (found.p_values[found.apart()] <= 0.005).all()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    methods=st.sampled_from([2, 5, 11, 12, 20]),
    seeds=st.integers(2, 5),
    folds=st.sampled_from([1, 2, 4]),
    spread=st.sampled_from([0.0, 0.02, 0.1, 1.0]),
    missing=st.booleans(),
)
def test_told_apart_implies_that_the_pairs_interval_excludes_zero(
    seed: int, methods: int, seeds: int, folds: int, spread: float, *, missing: bool
) -> None:
    draw = np.random.default_rng(seed)
    noise = 0.02 * np.exp(draw.normal(size=(methods, 1, 1)))
    values = noise * draw.normal(size=(methods, seeds, folds))
    values += spread * draw.normal(size=(methods, 1, 1))
    values = np.round(values, draw.integers(1, 6))
    if missing:
        values[draw.integers(methods), draw.integers(seeds)] = np.nan
    found = all_pairs(values)
    for row, column in np.argwhere(found.apart()):
        interval = found.of(row, column).interval
        assert interval.mean
        if interval.low is not None and interval.high is not None:
            assert interval.low > 0.0 or interval.high < 0.0
        else:  # no noise on the whole board: as many signs as replicates
            assert found.p_values[row, column] <= 0.05


def test_where_folds_share_noise_seeds_are_the_units() -> None:
    draw = np.random.default_rng(7)
    values = draw.normal(size=(30, 3, 4)) + draw.normal(size=(30, 3, 1))
    found = all_pairs(values)
    assert found.effect.found
    assert found.folds == 1
    np.testing.assert_allclose(found.p_values, all_pairs(values.mean(axis=2)).p_values)


def test_a_method_whose_seeds_are_units_makes_them_units_of_its_pairs_alone() -> None:
    values = folded(8, 20)
    found = all_pairs(values, by_seeds=np.arange(20) == 3, floor=0.0)
    runs = all_pairs(np.delete(values, 3, axis=0), floor=0.0)
    kept = np.delete(np.delete(found.p_values, 3, axis=0), 3, axis=1)
    np.testing.assert_allclose(kept, runs.p_values)
    means = values.mean(axis=2)
    for other in (0, 19):
        expected = stats.ttest_rel(means[3], means[other])
        assert found.p_values[3, other] == pytest.approx(expected.pvalue)
        interval = found.of(3, other).interval
        low, high = expected.confidence_interval(0.95)
        assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))


def test_where_seeds_are_units_of_all_there_are_no_folds() -> None:
    values = folded(9, 5)
    found, expected = all_pairs(values, by_seeds=True), all_pairs(values.mean(axis=2))
    np.testing.assert_allclose(found.adjusted, expected.adjusted)
    assert found.folds == 1
