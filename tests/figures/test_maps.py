"""Embeddings on the plane."""

import numpy as np

from harness.figures.embedded import balanced_subsample, planes


def rows(count: int = 60, size: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, size)).astype(np.float32)


def test_the_subsample_is_balanced_over_classes_spread_evenly() -> None:
    labels = np.repeat(np.arange(100), np.arange(1, 101))
    chosen = balanced_subsample(labels, classes=11, per_class=5)
    found, counts = np.unique(labels[chosen], return_counts=True)
    assert (found[0], found[-1], len(found)) == (0, 99, 11)
    assert set(counts[1:]) == {5}


def test_few_samples_are_all_shown() -> None:
    assert balanced_subsample(np.array([1, 0, 1])).tolist() == [0, 1, 2]


def test_the_same_rows_give_the_same_planes_whatever_was_drawn_before() -> None:
    np.random.seed(1)
    first = planes(rows())
    np.random.seed(2)
    second = planes(rows())
    assert {"PCA", "t-SNE"} <= set(first)
    for name, plane in first.items():
        assert plane.shape == (60, 2)
        assert np.array_equal(plane, second[name])


def test_pca_keeps_the_widest_directions() -> None:
    stretched = rows() * np.array([1, 1, 50, 1, 10])
    plane = planes(stretched)["PCA"]
    assert abs(np.corrcoef(plane[:, 0], stretched[:, 2])[0, 1]) > 0.99
    assert abs(np.corrcoef(plane[:, 1], stretched[:, 4])[0, 1]) > 0.99


def test_a_collapsed_embedding_has_a_plane_without_t_sne() -> None:
    assert set(planes(np.ones((30, 4), dtype=np.float32))) == {"PCA"}


def test_one_dimension_has_no_plane() -> None:
    assert planes(rows(size=1)) == {}
    assert planes(rows(count=1)) == {}
