"""The arms together: what they must give whatever the embedding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.deployment.arms import (
    ARMS,
    VIEWS,
    DeploymentTerms,
    draw_roles,
    run_arms,
    run_base,
    shuffle,
)
from harness.deployment.gallery import UNKNOWN, GallerySamples
from harness.errors import UserError


def noise(draw: np.random.Generator, count: int) -> np.ndarray:
    return 0.3 * draw.standard_normal((count, 2))


def unrelated(seed: int, count: int = 400) -> GallerySamples:
    """Classes on a circle, so near that they overlap; the variable says nothing of anything."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 6, count)
    angles = labels * np.pi / 3
    centres = 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return GallerySamples(centres + noise(draw, count), labels, draw.integers(0, 2, count))


def swapped(seed: int, count: int = 400) -> GallerySamples:
    """What value 1 does to a class makes it look like the next: a 6 upside down is a 9."""
    draw = np.random.default_rng(seed)
    labels, values = draw.integers(0, 4, count), draw.integers(0, 2, count)
    places = np.where(values == 1, labels ^ 1, labels)
    centres = np.stack([10.0 * places, np.zeros(count)], axis=1)
    return GallerySamples(centres + noise(draw, count), labels, values)


def gain(arm: str, samples: list[GallerySamples], settings: DeploymentTerms) -> float:
    """The mean gain in P@1 over arm A."""
    found = [run_arms(one, settings, seed=seed) for seed, one in enumerate(samples)]
    return float(np.mean([f[arm].precision_at_1 - f["A"].precision_at_1 for f in found]))


def test_every_arm_has_an_outcome_but_that_of_other_runs() -> None:
    assert list(run_arms(unrelated(0), DeploymentTerms(), seed=0)) == [
        a for a in ARMS if a != VIEWS
    ]


def test_the_first_arm_is_plain_search_alone() -> None:
    samples = unrelated(0)
    assert run_arms(samples, DeploymentTerms(), seed=3)["A"] == run_base(
        samples, DeploymentTerms(), seed=3
    )


def test_a_constant_variable_changes_nothing() -> None:
    samples = replace(unrelated(0), values=np.zeros(400, dtype=np.int64))
    found = run_arms(samples, DeploymentTerms(clusters=400), seed=0)
    assert found["B"] == found["C"] == found["A"] == found["B shuffled"]


def test_a_variable_that_is_not_known_changes_nothing() -> None:
    samples = replace(unrelated(0), values=np.full(400, UNKNOWN, dtype=np.int64))
    found = run_arms(samples, DeploymentTerms(), seed=0)
    assert found["B"] == found["A"]
    assert replace(found["C"], gallery=found["A"].gallery) == found["A"]


def test_a_variable_that_says_nothing_brings_nothing() -> None:
    samples = [unrelated(seed) for seed in range(12)]
    assert gain("B", samples, DeploymentTerms()) < 0.01
    # Not by a search that is broken: half the gallery costs a little, not much.
    assert gain("B", samples, DeploymentTerms()) > -0.05


@pytest.mark.parametrize("arm", ["B", "C"])
def test_a_variable_that_makes_one_class_look_like_another_brings_much(arm: str) -> None:
    samples = [swapped(seed) for seed in range(4)]
    assert gain(arm, samples, DeploymentTerms()) > 0.3


@pytest.mark.parametrize("arm", ["B shuffled", "C shuffled"])
def test_the_gain_vanishes_when_the_values_are_dealt_out_anew(arm: str) -> None:
    samples = [swapped(seed) for seed in range(4)]
    assert gain(arm, samples, DeploymentTerms()) < 0.05


def test_shuffling_keeps_how_often_each_value_is_there() -> None:
    values = np.repeat(np.arange(4), [1, 20, 30, 40])
    dealt = shuffle(values, seed=0)
    np.testing.assert_array_equal(np.bincount(dealt), np.bincount(values))
    assert not np.array_equal(dealt, values)
    assert not np.array_equal(dealt, shuffle(values, seed=1))


def test_rotating_and_scaling_the_embeddings_changes_nothing() -> None:
    samples = unrelated(0)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = replace(samples, embeddings=4.0 * samples.embeddings @ turn)
    plain, other = (
        run_arms(one, DeploymentTerms(newest=1000), seed=0) for one in (samples, turned)
    )
    for arm in ("A", "B", "E"):
        assert other[arm] == plain[arm]


def test_a_thresholds_per_class_arm_finds_what_the_first_does() -> None:
    found = run_arms(unrelated(0), DeploymentTerms(), seed=0)
    assert found["E"].precision_at_1 == found["A"].precision_at_1


def test_a_managed_gallery_is_no_larger_than_it_may_be() -> None:
    found = run_arms(unrelated(0), DeploymentTerms(newest=5, enrolled=0.5), seed=0)
    assert found["D"].gallery <= 3 * 5 < found["A"].gallery


def test_the_label_of_a_query_is_read_to_score_it_alone() -> None:
    # Enrolled queries change labels among themselves: what is accepted stays, what is right not.
    samples, settings = unrelated(0), DeploymentTerms()
    roles = draw_roles(samples.labels, enrolled=settings.enrolled, seed=0)
    moved = roles.queries[np.isin(samples.labels[roles.queries], roles.enrolled)]
    labels = samples.labels.copy()
    labels[moved] = np.roll(labels[moved], 1)
    before = run_arms(samples, settings, seed=0)
    after = run_arms(replace(samples, labels=labels), settings, seed=0)
    for arm, outcome in before.items():
        assert after[arm].false_reject == outcome.false_reject
        assert after[arm].false_accept == outcome.false_accept
        assert after[arm].gallery == outcome.gallery
        assert after[arm].precision_at_1 < outcome.precision_at_1


def test_roles_do_not_overlap_and_only_queries_are_strangers() -> None:
    labels = np.arange(300) % 10
    roles = draw_roles(labels, enrolled=0.7, seed=0)
    parts = (roles.gallery, roles.calibration, roles.queries)
    everyone = np.concatenate(parts)
    assert len(np.unique(everyone)) == len(everyone)
    assert len(roles.enrolled) == 7
    for part in parts[:2]:
        assert np.isin(labels[part], roles.enrolled).all()
    assert not np.isin(labels[roles.queries], roles.enrolled).all()
    assert len(roles.queries) == 120
    for part in parts:
        assert (np.diff(part) > 0).all()


def test_another_seed_draws_other_roles() -> None:
    labels = np.arange(300) % 10
    first, same, other = (draw_roles(labels, enrolled=0.7, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.queries, same.queries)
    assert not np.array_equal(first.queries, other.queries)
    assert not np.array_equal(first.enrolled, other.enrolled)


@pytest.mark.parametrize("enrolled", [0.01, 0.99])
def test_one_class_at_least_is_enrolled_and_one_is_not(enrolled: float) -> None:
    count = len(draw_roles(np.arange(100) % 5, enrolled=enrolled, seed=0).enrolled)
    assert count == (1 if enrolled < 0.5 else 4)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(50, dtype=np.int64), "needs two test classes"),
        (np.arange(2), "leaves no sample for the"),
    ],
)
def test_a_test_part_that_is_too_small_is_said_to_be(labels: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message):
        draw_roles(labels, enrolled=0.5, seed=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"newest": 0}, "--newest must be 1 or more, not 0"),
        ({"clusters": 0}, "--clusters must be 1 or more, not 0"),
        ({"accept": 0.0}, "--accept must be above 0 and at most 1, not 0.0"),
        ({"enrolled": 1.0}, "--enrolled must lie between 0 and 1, not 1.0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(UserError) as raised:
        DeploymentTerms(**settings)  # type: ignore[arg-type]
    assert str(raised.value) == message
