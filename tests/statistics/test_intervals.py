"""t-intervals against hand values (reference/protocols-methods-metrics.md 5.2)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.intervals import Bounds, Interval, fold_intervals, t_interval

TEN = [26.1, 26.4, 26.9, 26.5, 26.7, 26.2, 26.6, 26.3, 26.8, 26.5]


def test_the_interval_of_ten_replicates_has_the_hand_computed_half_width() -> None:
    interval = t_interval(TEN)
    assert interval.mean == pytest.approx(26.5)
    assert interval.high is not None
    assert interval.high - 26.5 == pytest.approx(0.184704, abs=1e-6)


def test_the_interval_lies_evenly_around_the_mean() -> None:
    interval = t_interval(TEN)
    assert interval.low is not None
    assert 26.5 - interval.low == pytest.approx(0.184704, abs=1e-6)


@pytest.mark.parametrize(("n", "quantile"), [(5, 2.776445), (10, 2.262157), (11, 2.228139)])
def test_the_half_width_uses_the_t_quantile_of_n_minus_one(n: int, quantile: float) -> None:
    values = [float(value) for value in range(n)]
    deviation = math.sqrt(sum((value - (n - 1) / 2) ** 2 for value in values) / (n - 1))
    interval = t_interval(values)
    assert interval.high is not None
    assert interval.high - (n - 1) / 2 == pytest.approx(
        quantile * deviation / math.sqrt(n), rel=1e-6
    )


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    usual, wider = t_interval(TEN), t_interval(TEN, confidence=0.99)
    assert usual.high is not None
    assert wider.high is not None
    assert wider.high > usual.high


def test_no_end_of_a_share_leaves_zero_and_one() -> None:
    # The plain interval reaches from .579 to 1.341.
    plain, within = t_interval([0.93, 0.99]), t_interval([0.93, 0.99], bounds=(0.0, 1.0))
    assert plain.low is not None
    half = 0.96 - plain.low
    logit = math.log(0.96 / 0.04)
    ends = [logit - half / (0.96 * 0.04), logit + half / (0.96 * 0.04)]
    assert (within.low, within.high) == pytest.approx([1 / (1 + math.exp(-end)) for end in ends])
    assert t_interval([1.0, 1.0], bounds=(0.0, 1.0)) == Interval(1.0, None, None, 2)


def test_one_value_has_a_mean_and_no_interval() -> None:
    assert t_interval([0.5]) == Interval(mean=0.5, low=None, high=None, n=1)


def test_no_value_has_not_even_a_mean() -> None:
    assert t_interval([]) == Interval(mean=None, low=None, high=None, n=0)


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert t_interval([0.5, 0.5, 0.5]) == Interval(mean=0.5, low=0.5, high=0.5, n=3)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        t_interval([0.5, value])


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_that_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_interval([0.5, 0.6], confidence=confidence)


# Within folds


def one(values: object, bounds: Bounds = (None, None)) -> Interval:
    return fold_intervals(np.array([values]), bounds=bounds)[0]


def test_noise_is_taken_within_folds() -> None:
    # Two seeds of three folds, +-.01 about means that differ: variance 2e-4, 3 degrees of freedom.
    interval = one([[0.11, 0.51, 0.91], [0.09, 0.49, 0.89]])
    half = stats.t.ppf(0.975, 3) * math.sqrt(2e-4 / 6)
    assert interval.mean == pytest.approx(0.5)
    assert (interval.low, interval.high) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))


def test_without_folds_it_is_students() -> None:
    found, expected = one([[value] for value in TEN]), t_interval(TEN)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_between_bounds_it_is_taken_on_the_logit_scale() -> None:
    values = [[0.97], [0.99], [0.98]]
    plain, bounded = one(values), one(values, (0.0, 1.0))
    assert plain.high is not None
    half = (plain.high - 0.98) / (0.98 * 0.02)
    logit = math.log(0.98 / 0.02)
    assert bounded.low == pytest.approx(1 / (1 + math.exp(half - logit)))
    assert bounded.high == pytest.approx(1 / (1 + math.exp(-half - logit)))


def test_far_from_its_bounds_the_scale_does_not_matter() -> None:
    values = [[0.5], [0.501], [0.502]]
    assert one(values, (0.0, 1.0)).low == pytest.approx(one(values).low, abs=1e-5)


def test_scales_agree_on_any_bounds() -> None:
    values = np.array([[0.3], [0.5], [0.6]])
    within = one(values, (0.0, 1.0))
    moved = one(2 * values - 1, (-1.0, 1.0))
    assert moved.low == pytest.approx(2 * (within.low or 0.0) - 1)
    assert moved.high == pytest.approx(2 * (within.high or 0.0) - 1)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (0.0, None), (None, 1.0)], ids=str)
@given(values=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6))
def test_no_end_leaves_the_bounds(bounds: Bounds, values: list[float]) -> None:
    interval = one([[value] for value in values], bounds)
    low, high = bounds
    if interval.low is None or interval.high is None or interval.mean is None:
        return
    assert interval.low <= interval.mean <= interval.high
    assert low is None or interval.low >= low
    assert high is None or interval.high <= high


@pytest.mark.parametrize("values", [[[0.5, 0.7]], [[1.0], [1.0], [1.0]], [[0.2, 0.4], [0.2, 0.4]]])
def test_without_noise_there_is_a_mean_and_no_interval(values: list[list[float]]) -> None:
    interval = one(values, (0.0, 1.0))
    assert interval.mean == pytest.approx(np.mean(values))
    assert (interval.low, interval.high, interval.n) == (None, None, len(values))


def test_rows_that_lack_replicates_have_their_own_count() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, (3, 4, 2))
    values[1, 3, 0] = values[2] = np.nan
    assert [interval.n for interval in fold_intervals(values)] == [4, 3, 0]
    assert fold_intervals(values)[2] == Interval(mean=None, low=None, high=None, n=0)


@pytest.mark.parametrize("folds", [1, 4])
def test_a_row_of_one_replicate_leaves_all_other_intervals_as_they_are(folds: int) -> None:
    draw = np.random.default_rng(0)
    several = draw.normal(0.5, 0.05, (5, 3, folds)) + draw.normal(0, 0.05, (1, 3, 1))
    single = np.full((1, 3, folds), np.nan)
    single[0, 0] = 0.3
    alone = fold_intervals(several, bounds=(0.0, 1.0))
    *others, outsider = fold_intervals(np.concatenate([several, single]), bounds=(0.0, 1.0))
    assert others == alone
    assert outsider.low is None


def test_a_row_whose_seeds_are_units_leaves_the_others_their_runs() -> None:
    values = np.random.default_rng(3).normal(0.5, 0.02, (6, 3, 4))
    found = fold_intervals(values, by_seeds=np.arange(6) == 2)
    alone = t_interval(values[2].mean(axis=1).tolist())
    assert (found[2].low, found[2].high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    assert [*found[:2], *found[3:]] == fold_intervals(np.delete(values, 2, axis=0))
