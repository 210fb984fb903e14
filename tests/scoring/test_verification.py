"""Verification scores: by hand, against scikit-learn, and whatever the order of rows."""

from __future__ import annotations

import itertools
import time

import numpy as np
import numpy.typing as npt
import pytest
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score, roc_curve

from harness.errors import UserError
from harness.scoring import pairing, verification
from harness.scoring.inputs import Distance
from harness.scoring.verification import verify

DISTANCES: tuple[Distance, ...] = ("cosine", "euclidean")


def on_a_circle(*degrees: float) -> npt.NDArray[np.float64]:
    angles = np.radians(degrees)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1)


def noisy(classes: int, each: int, *, noise: float = 1.2) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    labels = np.tile(np.arange(classes), each)
    points = draw.normal(size=(classes, 16))[labels] + noise * draw.normal(size=(len(labels), 16))
    return points.astype(np.float32), labels


def test_four_points_by_hand() -> None:
    # Pairs of one class 10 and 30 degrees apart, of two classes 20, 10, 50, 40 degrees.
    found = verify(on_a_circle(0, 10, 20, 50), [0, 0, 1, 1], fars=(0.2, 0.25, 0.5))
    assert found.positives == 2
    assert found.negatives == 4
    # 10 beats 20, 50, 40 and ties with 10; 30 beats 50, 40.
    assert found.values["roc_auc"] == (3.5 + 2) / 8
    # At 10 degrees 1 of 2 and 1 of 4 are accepted; at 20 degrees 2 of 4.
    assert found.values["tar_at_far_0.2"] == 0.0
    assert found.values["tar_at_far_0.25"] == 0.5
    assert found.values["tar_at_far_0.5"] == 1.0
    assert found.values["eer"] == 0.5
    assert found.thresholds["tar_at_far_0.25"] == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
    assert found.thresholds["tar_at_far_0.5"] == pytest.approx(np.cos(np.radians(30)), abs=1e-6)


def test_distances_are_those_of_the_input() -> None:
    points = np.array([[0.0], [3.0], [10.0], [14.0]]) * 1000
    found = verify(points, [0, 0, 1, 1], distance="euclidean", fars=(0.1,))
    assert found.values == {"roc_auc": 1.0, "eer": 0.0, "tar_at_far_0.1": 1.0}
    assert found.thresholds["tar_at_far_0.1"] == pytest.approx(4000, rel=1e-5)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("split", [None, 90])
def test_the_same_as_scikit_learn(distance: Distance, split: int | None) -> None:
    points, labels = noisy(20, 15)
    gallery = None if split is None else points[split:]
    found = verify(
        points[:split],
        labels[:split],
        gallery=gallery,
        gallery_labels=None if split is None else labels[split:],
        distance=distance,
    )
    exact = points.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True) if distance == "cosine" else 1
    if split is None:
        first, second = np.triu_indices(len(points), 1)
    else:
        grid = itertools.product(range(split), range(split, len(points)))
        first, second = np.array(list(grid)).T
    near = -np.linalg.norm(exact[first] - exact[second], axis=1)
    same = labels[first] == labels[second]
    assert (found.positives, found.negatives) == (same.sum(), (~same).sum())
    assert found.values["roc_auc"] == pytest.approx(roc_auc_score(same, near), abs=1e-6)
    false, true, levels = roc_curve(same, near, drop_intermediate=False)
    crossing = brentq(lambda rate: 1 - rate - interp1d(false, true)(rate), 0, 1)
    assert found.values["eer"] == pytest.approx(crossing, abs=1e-6)
    for rate in verification.FARS:
        name = verification.name_of(rate)
        assert found.values[name] == pytest.approx(true[false <= rate].max(), abs=1e-6)
        threshold = found.thresholds[name]
        level = 1 - threshold if distance == "cosine" else threshold**2 / 2
        assert level == pytest.approx(levels[false <= rate][-1] ** 2 / 2, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_order_of_rows_and_the_size_of_blocks_change_nothing(
    distance: Distance, monkeypatch: pytest.MonkeyPatch
) -> None:
    points, labels = noisy(7, 9)
    found = verify(points, labels, distance=distance)
    shuffled = np.random.default_rng(1).permutation(len(labels))
    again = verify(points[shuffled], labels[shuffled] + 5, distance=distance)
    assert again.values == found.values
    monkeypatch.setattr(pairing, "_BLOCK", 150)
    blocks = verify(points, labels, distance=distance)
    assert blocks.values == pytest.approx(found.values, abs=1e-6)
    assert blocks.positives + blocks.negatives == 63 * 62 // 2


def test_equal_points_are_a_tie() -> None:
    found = verify(np.ones((6, 3)), np.arange(6) % 2)
    assert found.values["roc_auc"] == 0.5
    assert found.values["eer"] == 0.5
    assert found.values["tar_at_far_0.1"] == 0.0


def test_intervals_hold_the_score_and_shrink_with_more_classes() -> None:
    few = verify(*noisy(10, 8), draws=200)
    many = verify(*noisy(80, 8), draws=200)
    for name, value in few.values.items():
        assert few.intervals[name].low <= value <= few.intervals[name].high
    width = [one.intervals["roc_auc"].high - one.intervals["roc_auc"].low for one in (few, many)]
    assert width[1] < width[0] / 1.5


def test_rates_that_the_pairs_are_too_few_for_are_noted() -> None:
    notes = verify(*noisy(5, 4)).notes
    assert "tar_at_far_0.01, tar_at_far_0.001, tar_at_far_0.0001" in notes[0]


@pytest.mark.parametrize(
    ("labels", "said"), [([0, 1, 2], "pairs of one class"), ([0, 0, 0], "pairs of two classes")]
)
def test_pairs_of_both_kinds_are_needed(labels: list[int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        verify(np.eye(3), labels)


def test_rates_lie_between_none_and_all() -> None:
    with pytest.raises(UserError, match="lie between 0 and 1"):
        verify(np.eye(4), [0, 0, 1, 1], fars=(0.0,))


def test_ten_thousand_points_take_seconds() -> None:
    points, labels = noisy(100, 100)
    before = time.process_time()
    verify(points, labels)
    # 1.2 s on a processor of its own; others may want it too.
    assert time.process_time() - before < 8


def exactly(
    points: np.ndarray, labels: np.ndarray, gallery: np.ndarray, kept: np.ndarray
) -> tuple[float, int]:
    """ROC AUC by float64's distances of all queries to all of a gallery, and how many match."""
    same = labels[:, None] == kept
    apart = np.square(points[:, None] - gallery).sum(axis=2)
    return float(roc_auc_score(same.ravel(), -apart.ravel())), int(same.sum())


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("seed", range(4))
def test_a_class_of_one_query_or_a_gallery_of_one_class_keeps_its_pairs(
    distance: Distance, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    points = draw.normal(size=(7, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    labels, kept = np.array([0, 0, 0, 1, 2, 3, 4]), np.array([[0, 1, 1, 5], [3, 3, 3, 3]][seed % 2])
    gallery = draw.normal(size=(4, 3))
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    found = verify(points, labels, gallery=gallery, gallery_labels=kept, distance=distance)
    auc, matching = exactly(points, labels, gallery, kept)
    assert found.positives == matching
    assert found.negatives == 7 * 4 - matching
    assert found.values["roc_auc"] == pytest.approx(auc, abs=1e-12)


@pytest.mark.parametrize("far", [1.0, 1e3, 1e5, 1e8, 1e12, 1e200])
def test_one_far_point_leaves_the_pairs_of_the_others_apart(far: float) -> None:
    points, labels = noisy(20, 6)
    points = points.astype(np.float64)
    gallery, kept = points[60:].copy(), labels[60:]
    gallery[7] *= far
    found = verify(
        points[:60], labels[:60], gallery=gallery, gallery_labels=kept, distance="euclidean"
    )
    gallery[7] *= min(far, 1e12) / far  # float64 could not square it
    auc, _ = exactly(points[:60], labels[:60], gallery, kept)
    # Pairs with the far point may be tied with each other.
    assert found.values["roc_auc"] == pytest.approx(auc, abs=1e-3)


@pytest.mark.parametrize("near", [1e-1, 1e-2, 1e-3])
def test_near_points_are_told_apart_far_from_the_middle(near: float) -> None:
    draw = np.random.default_rng(0)
    places = draw.normal(size=(40, 16)).repeat(3, axis=0)
    way = np.eye(16)[np.arange(120) % 16]
    points = places + near * np.tile([0.0, 1.0, -1.1], 40)[:, None] * way
    labels = np.where(np.arange(120) % 3 < 2, np.arange(120) // 3, 40)  # the third is another's
    found = verify(points, labels, distance="euclidean", fars=(1e-3,))
    assert found.values["tar_at_far_0.001"] == pytest.approx(40 / (40 + 780))
