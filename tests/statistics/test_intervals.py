"""t-intervals against hand values (reference/protocols-methods-metrics.md 5.2)."""

import math

import pytest

from harness.statistics import Interval, t_interval

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
