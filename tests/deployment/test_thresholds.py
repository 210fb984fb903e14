"""Thresholds, and what the open-set decision gets wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.deployment.arms import ArmSearch, accept, judge, mean_outcome
from harness.deployment.gallery import (
    NOTHING,
    GallerySamples,
    Nearest,
    Thresholds,
    class_thresholds,
    overall_threshold,
)

TEN = np.arange(1.0, 11.0)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.95, 10.0), (0.9, 9.0), (0.55, 6.0), (1.0, 10.0)]
)
def test_the_threshold_is_the_first_distance_that_the_share_reaches(
    share: float, expected: float
) -> None:
    assert overall_threshold(TEN, share=share).overall == expected


def test_samples_without_an_entry_of_their_class_are_left_out() -> None:
    distances = np.concatenate([TEN, [np.inf] * 30])
    assert overall_threshold(distances, share=0.9).overall == 9.0


def test_nothing_to_go_by_accepts_nothing_but_what_is_enrolled() -> None:
    assert overall_threshold(np.array([np.inf]), share=0.9).overall == 0.0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.95])
def test_classes_that_are_alike_have_the_overall_threshold(share: float) -> None:
    distances = np.random.default_rng(0).random(17)
    labels = np.repeat(np.arange(4), 17)
    found = class_thresholds(np.tile(distances, 4), labels, share=share)
    assert set(found.of_class.values()) == {found.overall}


def test_each_class_has_its_own() -> None:
    labels = np.repeat([4, 9], 10)
    found = class_thresholds(np.concatenate([TEN, 10 * TEN]), labels, share=0.9)
    assert found.of_class == {4: 9.0, 9: 90.0}
    assert found.limits(np.array([9, 4, 4])).tolist() == [90.0, 9.0, 9.0]


def test_a_class_of_fewer_than_three_has_the_overall_one() -> None:
    labels = np.array([0] * 10 + [1] * 2 + [2] * 3)
    distances = np.concatenate([TEN, [0.1, 0.2], [5.0, 6.0, np.inf]])
    found = class_thresholds(distances, labels, share=0.9)
    assert set(found.of_class) == {0}  # class 2 has two that have an entry to go by
    assert found.limits(np.array([1, 2, 7])).tolist() == [found.overall] * 3


@pytest.mark.parametrize("factor", [0.25, 8.0])
def test_scaling_the_embeddings_scales_the_thresholds(factor: float) -> None:
    draw = np.random.default_rng(0)
    embeddings, labels = draw.standard_normal((80, 3)), np.arange(80) % 4

    def made(scale: float) -> Thresholds:
        rows = scale * embeddings
        search = ArmSearch(GallerySamples(rows[:40], labels[:40], labels[:40]))
        distances = search.own_distances(GallerySamples(rows[40:], labels[40:], labels[40:]))
        return class_thresholds(distances, labels[40:], share=0.8)

    plain, scaled = made(1.0), made(factor)
    assert scaled.overall == pytest.approx(factor * plain.overall, rel=1e-12)
    assert scaled.of_class == pytest.approx(
        {label: factor * value for label, value in plain.of_class.items()}, rel=1e-12
    )


def test_a_distance_at_the_threshold_is_accepted() -> None:
    found = Nearest(np.array([0, 0, 1]), np.array([1.0, 1.001, 1.001]))
    assert accept(found, Thresholds(1.0, {1: 2.0})).tolist() == [True, False, True]


def test_what_is_not_found_is_not_accepted() -> None:
    found = Nearest(np.array([NOTHING]), np.array([np.inf]))
    assert not accept(found, Thresholds(np.inf)).any()


def test_rates_are_those_counted_by_hand() -> None:
    # Classes 0 and 1 are enrolled. Of four such queries three find their class and one lies too
    # far; of two strangers, one is taken in.
    found = Nearest(np.array([0, 1, 1, 1, 0, 1]), np.array([1.0, 9.0, 1.0, 1.0, 1.0, 9.0]))
    truth = np.array([0, 1, 1, 0, 5, 6])
    outcome = judge(found, Thresholds(5.0), truth=truth, enrolled=np.array([0, 1]), entries=12)
    assert outcome.precision_at_1 == 0.75
    assert outcome.false_reject == 0.25
    assert outcome.false_accept == 0.5
    assert outcome.gallery == 12.0


def test_without_strangers_there_is_no_rate_of_false_accepts() -> None:
    found = Nearest(np.array([0]), np.array([1.0]))
    outcome = judge(found, Thresholds(5.0), truth=np.array([0]), enrolled=np.array([0]), entries=1)
    assert math.isnan(outcome.false_accept)
    assert math.isnan(mean_outcome([outcome, outcome]).false_accept)
