"""Intervals that hold, and p-values that hold for a whole table."""

from __future__ import annotations

import numpy as np
import pytest

from harness.variables.controls import dealt
from harness.variables.measuring import Embedded, Variable
from harness.variables.results import Found, SaliencyRow, with_p_values


def found(value: float, controls: np.ndarray) -> Found:
    return Found(value=value, left_out=np.array([value]), controls=controls)


def row(method: str, **measures: Found) -> SaliencyRow:
    return SaliencyRow(method=method, variable="v", values=2, runs=1, found=measures)


def test_the_interval_by_hand():
    one = Found(value=0.5, left_out=np.array([0.4, 0.5, 0.6]), controls=np.empty(0))
    half = 4.302652729911275 * np.sqrt(2 / 3 * 0.02)
    assert one.interval == pytest.approx((0.5 - half, 0.5 + half))
    assert one.control is None


def test_one_class_or_a_number_that_needs_them_all_has_no_interval():
    assert Found(value=0.5, left_out=np.array([0.5]), controls=np.empty(0)).interval is None
    broken = Found(value=0.5, left_out=np.array([0.5, np.nan]), controls=np.empty(0))
    assert broken.interval is None


def test_the_interval_covers_what_more_classes_would_tell():
    draw = np.random.default_rng(0)
    direction = np.array([2.0, 0, 0, 0])

    def lost(classes: int) -> tuple[float, tuple[float, float] | None]:
        labels = np.repeat(np.arange(classes), 6)
        codes = np.tile([0, 1], classes * 3)
        # By how much the variable moves a class is the class's own.
        moved = draw.uniform(0, 2, (classes, 1))[labels] * codes[:, None] * direction
        rows = draw.normal(size=(classes, 4))[labels] + moved
        rows += 0.3 * draw.normal(size=rows.shape)
        tested = Embedded(rows, labels, labels % 20, distance="euclidean", seed=0)
        sums = tested.disturbed(Variable(codes=codes))["farther"]
        one = Found(value=sums.whole(), left_out=sums.without_each(), controls=np.empty(0))
        return one.value, one.interval

    truth = np.mean([lost(300)[0] for _ in range(4)])
    covered = [low <= truth <= high for low, high in (lost(40)[1] for _ in range(60))]
    assert np.mean(covered) > 0.88


def test_p_values_hold_for_all_numbers_together():
    draw = np.random.default_rng(0)
    least = []
    for _ in range(200):
        shared = draw.normal(size=100)
        rows = []
        for method in "abcd":
            both = [0.7 * shared + 0.7 * draw.normal(size=100) for _ in range(2)]
            rows.append(row(method, probe=found(both[0][0], both[0][1:]),
                            ami=found(both[1][0], both[1][1:])))  # fmt: skip
        told = with_p_values(rows)
        least.append(min(one.p_value for each in told for one in each.found.values()))
    assert np.mean(np.array(least) <= 0.05) < 0.09  # 0.05 and two standard errors and more
    assert np.mean(np.array(least) <= 0.5) > 0.35  # and it is not merely cautious


def test_a_number_above_every_control_is_told_and_one_without_spread_is_not():
    controls = np.linspace(-1, 1, 99)
    told = with_p_values([row("a", probe=found(9.0, controls), ami=found(0.5, np.zeros(99)))])
    assert told[0].found["probe"].p_value == pytest.approx(0.01)
    assert told[0].found["ami"].p_value is None


def test_values_that_classes_share_by_chance_are_no_finding():
    """Were values dealt out one by one, most of these would stand out."""
    below = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        labels = np.repeat(np.arange(12), 10)
        codes = draw.integers(0, 2, 12)[labels]  # of the class, and nothing that was embedded
        rows = draw.normal(size=(12, 3))[labels] + 0.1 * draw.normal(size=(120, 3))
        tested = Embedded(rows, labels, labels, distance="euclidean", seed=0)
        if len(np.unique(codes)) < 2:
            continue
        variable = Variable(codes=codes)
        values = tested.carried(variable)["probe"].whole()
        controls = [
            tested.carried(variable.take(dealt(labels, "over classes", seed=0, number=one)))[
                "probe"
            ].whole()
            for one in range(19)
        ]
        below += (1 + sum(one >= values for one in controls)) / 20 <= 0.05
    assert below <= 6
