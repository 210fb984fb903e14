"""Which entries of a gallery are kept."""

from __future__ import annotations

import numpy as np
import pytest

from harness.deployment.gallery import GallerySamples, deviation_scores, manage, newest, outliers


def one_class(*places: float) -> tuple[np.ndarray, np.ndarray]:
    """One-dimensional embeddings of a single class."""
    return np.array(places)[:, None], np.zeros(len(places), dtype=np.int64)


def test_deviation_scores_are_those_worked_out_by_hand() -> None:
    # Median 2, MAD 1: 0.6745 times -1, 0, 0, 1 and 12.
    found = deviation_scores(np.array([1.0, 2.0, 2.0, 3.0, 14.0]))
    np.testing.assert_allclose(found, [-0.6745, 0.0, 0.0, 0.6745, 8.094], atol=1e-12)


def test_only_what_scores_above_three_and_a_half_is_an_outlier() -> None:
    # From the median 0: distances 14, 2, 1, 0, 1, 2 and 3, of median 2 and MAD 1; 14 scores 8.1.
    embeddings, labels = one_class(-14.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    np.testing.assert_array_equal(np.flatnonzero(outliers(embeddings, labels)), [0])


def test_a_deviation_of_zero_drops_nothing() -> None:
    # Four of five lie at the median, so that the MAD is 0 and 100 would be infinitely far.
    embeddings, labels = one_class(1.0, 1.0, 1.0, 1.0, 100.0)
    assert not outliers(embeddings, labels).any()


def test_each_class_is_judged_by_its_own() -> None:
    near = [-14.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    embeddings = np.array(near + [place * 100 for place in near])[:, None]
    labels = np.repeat(np.arange(2), 7)
    np.testing.assert_array_equal(np.flatnonzero(outliers(embeddings, labels)), [0, 7])


def test_the_last_entries_are_the_newest() -> None:
    labels = np.array([0, 1, 0, 0, 1, 0])
    np.testing.assert_array_equal(np.flatnonzero(newest(labels, limit=2)), [1, 3, 4, 5])


def test_the_newest_are_chosen_before_outliers_are() -> None:
    # -14 takes one of the six places and is dropped from it: 0 is not let back in.
    embeddings, labels = one_class(0.0, -2.0, -1.0, 1.0, 2.0, 3.0, -14.0)
    gallery = GallerySamples(embeddings, labels, labels)
    assert manage(gallery, limit=6).embeddings.ravel().tolist() == [-2.0, -1.0, 1.0, 2.0, 3.0]

    first = gallery.take(~outliers(embeddings, labels))
    other = first.take(newest(first.labels, limit=6)).embeddings.ravel()
    assert other.tolist() == [0.0, -2.0, -1.0, 1.0, 2.0, 3.0]


def test_a_second_pass_may_drop_more() -> None:
    # Distances 10 and 5 score 6.1 and 2.7; once the first is gone, 5 scores 6.1 itself.
    embeddings, labels = one_class(14.0, 19.0, 24.0, 24.0, 25.0)
    once = manage(GallerySamples(embeddings, labels, labels), limit=5)
    twice = manage(once, limit=5)
    assert once.embeddings.ravel().tolist() == [19.0, 24.0, 24.0, 25.0]
    assert twice.embeddings.ravel().tolist() == [24.0, 24.0, 25.0]


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
@pytest.mark.parametrize("seed", range(5))
def test_no_class_is_ever_emptied(limit: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 6, 40)
    gallery = GallerySamples(draw.standard_cauchy((40, 2)), labels, labels)
    kept = manage(gallery, limit=limit)
    np.testing.assert_array_equal(np.unique(kept.labels), np.unique(labels))
    assert np.bincount(kept.labels).max() <= limit
