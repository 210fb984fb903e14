"""Intervals of scores, resampled by class."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import EmbeddingScores, score_embeddings
from harness.scoring.bootstrap import bootstrap_intervals


def scored(seed: int = 0) -> tuple[EmbeddingScores, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 20, 300)
    points = rng.standard_normal((20, 8))[labels] + rng.standard_normal((300, 8))
    return score_embeddings(points, labels, seed=0), labels


def test_every_score_has_an_interval() -> None:
    scores, labels = scored()
    assert bootstrap_intervals(scores, labels, seed=0, draws=50).keys() == scores.values.keys()


def test_every_score_lies_in_its_interval() -> None:
    scores, labels = scored()
    intervals = bootstrap_intervals(scores, labels, seed=0)
    outside = [
        name
        for name, value in scores.values.items()
        if not intervals[name].low <= value <= intervals[name].high
    ]
    assert outside == []


def test_a_draw_of_one_class_tells_nothing_of_clusters() -> None:
    # Of three classes one draw in nine has one class alone; all points are one cluster.
    labels = np.repeat(np.arange(3), 5)
    scores = score_embeddings(np.ones((15, 2)), labels, seed=0)
    found = bootstrap_intervals(scores, labels, seed=0)
    assert {name: (found[name].low, found[name].high) for name in ("nmi", "ami", "ari")} == {
        "nmi": (0.0, 0.0),
        "ami": (0.0, 0.0),
        "ari": (0.0, 0.0),
    }


def test_the_interval_is_as_wide_as_the_means_of_classes_vary() -> None:
    labels = np.repeat(np.arange(30), 10)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((30, 4))[labels] + rng.standard_normal((300, 4))
    scores = score_embeddings(points, labels, clustering=None, seed=0)

    interval = bootstrap_intervals(scores, labels, seed=0, draws=4000)["map_at_r"]

    of_classes = scores.per_query["map_at_r"].reshape(30, 10).mean(axis=1)
    expected = 2 * 1.96 * of_classes.std() / np.sqrt(30)
    assert interval.high - interval.low == pytest.approx(expected, rel=0.05)


def test_a_seed_gives_the_same_interval_again() -> None:
    scores, labels = scored()
    first, second = (bootstrap_intervals(scores, labels, seed=3, draws=50) for _ in range(2))
    assert first == second


def test_another_seed_gives_another_interval() -> None:
    scores, labels = scored()
    first, second = (bootstrap_intervals(scores, labels, seed=s, draws=50) for s in (3, 4))
    assert first["map_at_r"] != second["map_at_r"]


@pytest.mark.parametrize("bad", [{"draws": 0}, {"level": 1.0}, {"level": 0.0}])
def test_a_bootstrap_of_nothing_is_refused(bad: dict[str, float]) -> None:
    scores, labels = scored()
    with pytest.raises(UserError, match="bootstrap"):
        bootstrap_intervals(scores, labels, seed=0, **bad)
