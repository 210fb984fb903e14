"""The decision by itself: its three zones, its promises, and what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.gate.decision import Difference, decide, detectable_difference, replicates_needed
from harness.statistics.pairs import all_pairs


def difference(mean: float, error: float | None, *, n: int = 10, basis="paired replicates"):
    degrees = None if error is None else n - 1
    return Difference(
        baseline=0.5,
        candidate=0.5 + mean,
        mean=mean,
        standard_error=error,
        degrees=degrees,
        basis=basis,
        units=n,
    )


@pytest.mark.parametrize(
    ("mean", "error", "verdict"),
    [
        (0.0, 0.001, "pass"),
        (0.1, 0.001, "pass"),
        (-0.05, 0.001, "regression"),
        (-0.01, 0.001, "inconclusive"),
        (0.0, 0.1, "inconclusive"),
        (-0.009, 0.001, "inconclusive"),
    ],
)
def test_the_interval_decides(mean, error, verdict):
    assert decide(difference(mean, error), 0.01).verdict == verdict


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_lower_is_better_is_the_mirror_of_higher_is_better(mean, error, margin):
    one = decide(difference(mean, error), margin)
    other = decide(difference(-mean, error), margin, higher_is_better=False)
    assert one.verdict == other.verdict
    if other.low is None or other.high is None:
        assert one.low is one.high is None
    else:
        assert (one.low, one.high) == (-other.high, -other.low)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_wider_margin_never_makes_it_worse(mean, error, margin, more):
    order = ["regression", "inconclusive", "pass"]
    strict = decide(difference(mean, error), margin).verdict
    lax = decide(difference(mean, error), margin + more).verdict
    assert order.index(lax) >= order.index(strict)


def test_the_bounds_are_those_of_scipy():
    decision = decide(difference(-0.01, 0.004, n=5), 0.01)
    assert (decision.low, decision.high) == pytest.approx(
        stats.t.interval(0.9, 4, loc=-0.01, scale=0.004)
    )


@pytest.mark.parametrize(
    ("mean", "n", "verdict"),
    [
        (0.0, 2, "pass"),
        (-0.01, 4, "inconclusive"),
        (-0.01, 5, "pass"),
        (-0.05, 4, "inconclusive"),
        (-0.05, 5, "regression"),
    ],
)
def test_without_variance_as_many_replicates_must_agree_as_signs(mean, n, verdict):
    decision = decide(difference(mean, 0.0, n=n), 0.01)
    assert decision.verdict == verdict
    if mean:
        assert decision.low is decision.high is None
        assert (
            "the same difference in each replicate, so no noise was measured" in decision.sentence
        )


def test_the_rule_is_that_of_comparisons():
    same = np.full((2, 5, 1), [[[0.5]], [[0.4]]])
    assert decide(difference(-0.1, 0.0, n=5), 0.01).p_value == all_pairs(same).p_values[0, 1] / 2


@pytest.mark.parametrize(("mean", "verdict"), [(1.0, "pass"), (5.0, "regression")])
def test_a_count_is_a_fact(mean, verdict):
    decision = decide(difference(mean, 0.0, n=2), 2.0, higher_is_better=False, counted=True)
    assert decision.verdict == verdict
    assert decision.low == decision.high == mean


def test_identical_reruns_pass_even_a_margin_of_zero():
    decision = decide(difference(0.0, 0.0, n=2), 0.0)
    assert decision.verdict == "pass"
    assert decision.sentence.endswith("; the same in each of them")
    assert decision.low is decision.high is decision.detectable is None  # no noise, no interval


@pytest.mark.parametrize(("mean", "side"), [(-0.1, "beyond"), (-0.001, "within"), (0.1, "within")])
def test_what_signs_cannot_tell_yet_says_on_which_side_of_the_margin_it_is(mean, side):
    decision = decide(difference(mean, 0.0, n=3), 0.01)
    assert decision.verdict == "inconclusive"
    assert decision.sentence.startswith(f"{side} the margin of 0.01, but the same difference in")


def test_one_replicate_is_inconclusive_and_says_why():
    decision = decide(difference(0.2, None, n=1), 0.01)
    assert decision.verdict == "inconclusive"
    assert "one replicate, so the noise is not known and there is no interval" in decision.sentence
    assert decision.low is decision.high is decision.detectable is None


def test_what_cannot_be_told_says_what_could_be_and_how_to_tell():
    decision = decide(difference(0.0, 0.01, n=4), 0.01)
    assert decision.detectable == pytest.approx((stats.t.ppf(0.95, 3) + stats.t.ppf(0.8, 3)) * 0.01)
    assert "noise like this shows differences from 0.0333" in decision.sentence
    assert "about 27 replicates would settle it" in decision.sentence


def test_the_replicates_it_asks_for_are_enough():
    found = replicates_needed(difference(0.0, 0.01, n=4), 0.01)
    assert found is not None
    error = 0.01 * math.sqrt(4 / found)
    assert decide(difference(0.0, error, n=found), 0.01).verdict == "pass"
    assert detectable_difference(error, found - 1) <= 0.01


@pytest.mark.parametrize("margin", [-0.1, math.nan, math.inf])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ValueError, match="a margin is a number from 0 up"):
        decide(difference(0.0, 0.1), margin)


def rates(true: float, n: int, margin: float = 0.01) -> dict[str, float]:
    """How often each verdict falls over 4,000 experiments of n replicates."""
    draws = np.random.default_rng(0).normal(true, 0.01, (4000, n))
    errors = draws.std(axis=1, ddof=1) / math.sqrt(n)
    verdicts = [
        decide(difference(mean, error, n=n), margin).verdict
        for mean, error in zip(draws.mean(axis=1), errors, strict=True)
    ]
    return {name: verdicts.count(name) / len(verdicts) for name in set(verdicts)}


@pytest.mark.parametrize("n", [3, 10])
def test_at_the_margin_either_error_falls_in_one_of_twenty(n):
    found = rates(-0.01, n)
    assert found["pass"] == pytest.approx(0.05, abs=0.011)
    assert found["regression"] == pytest.approx(0.05, abs=0.011)


def test_a_difference_as_large_as_detectable_is_seen_in_four_of_five():
    detectable = detectable_difference(0.01 / math.sqrt(10), 9)
    assert rates(-0.01 - detectable, 10)["regression"] == pytest.approx(0.8, abs=0.03)
