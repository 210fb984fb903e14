"""The same bits as the standard library's, for every kind of values."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.intervals import standard_deviation


@given(st.lists(st.floats(-1e100, 1e100), min_size=2, max_size=30))
def test_it_has_the_bits_of_the_standard_library(values: list[float]) -> None:
    mean = statistics.fmean(values)
    assert standard_deviation(values, mean) == statistics.stdev(values, mean)


@given(st.lists(st.floats(0.25, 0.75), min_size=2, max_size=200))
def test_it_does_so_for_scores(values: list[float]) -> None:
    mean = statistics.fmean(values)
    assert standard_deviation(values, mean) == statistics.stdev(values, mean)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 1.0, 1.0], 0.0), ([1.5, 2.5, 2.5, 2.75, 3.25, 4.75], 1.0810874155219827)],
)
def test_it_is_as_known(values: list[float], expected: float) -> None:
    assert standard_deviation(values, statistics.fmean(values)) == expected
