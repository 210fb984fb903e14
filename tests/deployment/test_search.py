"""Finding the nearest entry, in all of a gallery or by the background variable."""

from __future__ import annotations

import numpy as np
import pytest

from harness.deployment.arms import ArmSearch
from harness.deployment.gallery import (
    NOTHING,
    UNKNOWN,
    GallerySamples,
    cluster,
    nearest,
    nearest_of_value,
)

LINE = GallerySamples(
    embeddings=np.array([[0.0], [1.0], [4.0], [6.0]]),
    labels=np.array([0, 1, 0, 1]),
    values=np.array([0, 0, 1, 1]),
)


@pytest.fixture
def cloud() -> GallerySamples:
    """Sixty entries of five classes and three values, in four dimensions."""
    draw = np.random.default_rng(0)
    return GallerySamples(
        embeddings=draw.standard_normal((60, 4)),
        labels=draw.integers(0, 5, 60),
        values=draw.integers(0, 3, 60),
    )


@pytest.fixture
def queries() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((1500, 4))


def test_the_nearest_entry_is_found_with_its_distance() -> None:
    found = nearest(LINE, np.array([[0.4], [2.4], [5.5]]))
    assert found.labels.tolist() == [0, 1, 1]
    np.testing.assert_allclose(found.distances, [0.4, 1.4, 0.5])


def test_the_oldest_of_two_at_one_distance_counts() -> None:
    assert nearest(LINE, np.array([[0.5], [5.0]])).labels.tolist() == [0, 0]


def test_it_finds_what_scikit_learn_finds(cloud: GallerySamples, queries: np.ndarray) -> None:
    from sklearn.neighbors import NearestNeighbors

    distances, places = NearestNeighbors(n_neighbors=1).fit(cloud.embeddings).kneighbors(queries)
    found = nearest(cloud, queries)
    np.testing.assert_array_equal(found.labels, cloud.labels[places[:, 0]])
    np.testing.assert_allclose(found.distances, distances[:, 0])


def test_an_empty_gallery_has_nothing_to_find() -> None:
    found = nearest(LINE.take(np.array([], dtype=np.int64)), np.zeros((2, 1)))
    assert found.labels.tolist() == [NOTHING, NOTHING]
    assert np.isinf(found.distances).all()


def test_a_query_is_compared_with_entries_of_its_value_alone() -> None:
    found = nearest_of_value(LINE, np.array([[0.4], [0.4]]), np.array([0, 1]), otherwise=LINE)
    assert found.labels.tolist() == [0, 0]
    np.testing.assert_allclose(found.distances, [0.4, 3.6])


def test_a_constant_value_changes_nothing(cloud: GallerySamples, queries: np.ndarray) -> None:
    constant = GallerySamples(cloud.embeddings, cloud.labels, np.zeros(60, dtype=np.int64))
    found = nearest_of_value(
        constant, queries, np.zeros(len(queries), dtype=np.int64), otherwise=constant
    )
    plain = nearest(cloud, queries)
    np.testing.assert_array_equal(found.labels, plain.labels)
    np.testing.assert_array_equal(found.distances, plain.distances)


@pytest.mark.parametrize("value", [UNKNOWN, 7], ids=["unknown", "of no entry"])
def test_a_query_without_a_value_to_go_by_is_searched_for_everywhere(
    cloud: GallerySamples, queries: np.ndarray, value: int
) -> None:
    values = np.full(len(queries), value, dtype=np.int64)
    found = ArmSearch(cloud, otherwise=cloud).find(queries, values)
    plain = nearest(cloud, queries)
    np.testing.assert_array_equal(found.labels, plain.labels)
    np.testing.assert_array_equal(found.distances, plain.distances)


def test_own_distances_are_to_the_samples_class_and_value() -> None:
    samples = GallerySamples(
        np.array([[0.9], [0.9]]), labels=np.array([0, 0]), values=np.array([0, 1])
    )
    np.testing.assert_allclose(ArmSearch(LINE).own_distances(samples), [0.9, 0.9])
    restricted = ArmSearch(LINE, otherwise=LINE).own_distances(samples)
    np.testing.assert_allclose(restricted, [0.9, 3.1])


def test_own_distances_are_infinite_where_the_class_has_no_entry_of_the_value() -> None:
    only = LINE.take(np.array([0, 1, 3]))  # class 0 has none of value 1, which class 1 has
    samples = GallerySamples(
        np.array([[0.9]] * 2), labels=np.array([0, 0]), values=np.array([1, 5])
    )
    found = ArmSearch(only, otherwise=only).own_distances(samples)
    np.testing.assert_allclose(found, [np.inf, 0.9])  # value 5 is of no entry at all


def test_own_distances_of_a_class_without_entries_are_infinite() -> None:
    samples = GallerySamples(np.array([[0.9]]), labels=np.array([5]), values=np.array([0]))
    assert np.isinf(ArmSearch(LINE).own_distances(samples)).all()


def test_centres_are_means_with_the_class_of_most_members() -> None:
    gallery = GallerySamples(
        embeddings=np.array([[0.0], [1.0], [2.0], [100.0], [101.0]]),
        labels=np.array([3, 1, 1, 2, 1]),
        values=np.full(5, 7),
    )
    centres = cluster(gallery, count=2, seed=0)
    order = np.argsort(centres.embeddings[:, 0])
    np.testing.assert_allclose(centres.embeddings[order, 0], [1.0, 100.5])
    assert centres.labels[order].tolist() == [1, 1]  # of 2 and 1, one each, the smaller
    assert centres.values.tolist() == [7, 7]


def test_each_value_has_centres_of_its_own(cloud: GallerySamples) -> None:
    centres = cluster(cloud, count=4, seed=0)
    assert np.bincount(centres.values).tolist() == [4, 4, 4]


@pytest.mark.parametrize("seed", range(10))
def test_entries_that_differ_by_rounding_alone_leave_no_centre_empty(seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((12, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[1] = np.nextafter(rows[0], 2)
    gallery = GallerySamples(rows, labels=np.arange(12) % 3, values=np.zeros(12, dtype=np.int64))
    centres = cluster(gallery, count=64, seed=seed)
    assert 10 <= len(centres) == len(centres.labels) <= 12


def test_a_centre_for_each_entry_is_the_gallery(cloud: GallerySamples, queries: np.ndarray) -> None:
    values = np.random.default_rng(2).integers(0, 3, len(queries))
    centres = cluster(cloud, count=60, seed=0)
    assert len(centres) == len(cloud)
    found = ArmSearch(centres, otherwise=cloud).find(queries, values)
    plain = ArmSearch(cloud, otherwise=cloud).find(queries, values)
    np.testing.assert_array_equal(found.labels, plain.labels)
    np.testing.assert_allclose(found.distances, plain.distances)


def test_clusters_depend_on_their_seed_and_on_no_other() -> None:
    gallery = GallerySamples(
        np.random.default_rng(3).standard_normal((200, 4)),
        np.zeros(200, dtype=np.int64),
        np.zeros(200, dtype=np.int64),
    )
    np.random.seed(1)
    first = cluster(gallery, count=8, seed=5).embeddings
    np.random.seed(2)
    np.testing.assert_array_equal(cluster(gallery, count=8, seed=5).embeddings, first)
    assert not np.array_equal(cluster(gallery, count=8, seed=6).embeddings, first)
