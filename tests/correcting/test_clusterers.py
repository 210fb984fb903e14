"""Clusterers that use corrections: what they promise holds whatever is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correcting.clusterers import (
    CLUSTERERS,
    _constrained,
    _farthest,
    _of_pairs,
    cop_k_means,
    estimated,
    k_means,
    label_propagation,
    mpck_means,
    seeded_k_means,
)
from harness.scoring import agreement


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def blobs(classes: int = 10, each: int = 30, width: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    rows = draw.normal(size=(classes, 12))[labels]
    return unit(rows + width * draw.normal(size=rows.shape)), labels


@pytest.mark.parametrize("name", CLUSTERERS)
def test_corrections_help_and_the_draw_alone_decides(name: str) -> None:
    rows, labels = blobs(width=0.9)
    told = np.sort(np.random.default_rng(1).choice(len(rows), 90, replace=False))
    left = np.setdiff1d(np.arange(len(rows)), told)

    def ami(seed: int) -> float:
        found = CLUSTERERS[name](rows, 10, told, labels[told], np.random.default_rng(seed))
        assert found.shape == (len(rows),)
        again = CLUSTERERS[name](rows, 10, told, labels[told], np.random.default_rng(seed))
        assert np.array_equal(found, again)
        return agreement(labels[left], found[left])["ami"]

    plain = [agreement(labels[left], k_means(rows, 10, seed=s)[left])["ami"] for s in range(5)]
    assert np.mean([ami(seed) for seed in range(5)]) > np.mean(plain) + 0.005


@pytest.mark.parametrize("seed", range(5))
def test_cop_k_means_keeps_classes_together_and_apart(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = unit(draw.normal(size=(60, 5)))
    told = np.arange(24)
    classes = draw.integers(0, 6, 24)  # of nothing that is embedded
    found = cop_k_means(rows, 6, told, classes, draw)
    clusters = {int(one): set(found[told[classes == one]]) for one in np.unique(classes)}
    assert all(len(own) == 1 for own in clusters.values())
    assert len(set().union(*clusters.values())) == len(clusters)


def test_seeded_k_means_starts_where_the_corrections_are() -> None:
    rows, labels = blobs()
    told = np.flatnonzero(labels < 10)[::15]
    found = seeded_k_means(rows, 10, told, labels[told], np.random.default_rng(0))
    assert agreement(labels, found)["ami"] > 0.99
    assert found[told].tolist() == labels[told].tolist()  # cluster i is that of the i-th class


def test_mpck_means_learns_which_dimensions_count() -> None:
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 40)
    signal = draw.normal(size=(6, 4))[labels] + 0.2 * draw.normal(size=(240, 4))
    rows = unit(np.concatenate([signal, 1.5 * draw.normal(size=(240, 8))], axis=1))
    told = np.flatnonzero(np.arange(240) % 4 == 0)
    left = np.setdiff1d(np.arange(240), told)

    def ami(cluster) -> float:
        found = cluster(rows, 6, told, labels[told], np.random.default_rng(0))
        return agreement(labels[left], found[left])["ami"]

    assert ami(mpck_means) > 0.8
    assert ami(seeded_k_means) < 0.5


def test_mpck_means_assigns_by_distance_ties_and_prohibitions() -> None:
    # Two centres at 0 and 4 on a line, texts at 0, 1, 3, 4; the farthest pair is 16 apart.
    texts = np.array([0.0, 1.0, 3.0, 4.0])
    away = np.square(texts[:, None] - np.array([0.0, 4.0]))
    apart = np.square(texts[:, None] - texts)
    now = np.array([0, 0, 1, 1])
    alone = np.eye(4, dtype=bool)

    def assign(same: np.ndarray, text: int) -> int:
        found = _constrained(away, apart, same, 16.0, now, np.array([text]))
        assert np.array_equal(np.delete(found, text), np.delete(now, text))
        return int(found[text])

    # 1 is of the class of 3 and 4: in cluster 0 it costs 1 + 4 + 9 + (16 - 1), in cluster 1 only 9.
    tied = alone.copy()
    tied[1:, 1:] = True
    assert assign(tied, 1) == 1
    # All of their own class: in cluster 0 it costs 1 + 15, in cluster 1 9 + 12 + 7.
    assert assign(alone, 1) == 0
    # 0, 1 of one class, 3, 4 of another: as the distances say.
    halves = np.array([0, 0, 1, 1])[:, None] == np.array([0, 0, 1, 1])
    assert assign(halves, 1) == 0


def test_pairs_are_summed_by_dimension() -> None:
    rows = np.array([[0.0, 1.0], [2.0, 1.0], [5.0, 3.0]], dtype=np.float32)
    pairs = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    assert _of_pairs(rows, pairs).tolist() == [4.0 + 9.0, 0.0 + 4.0]


def test_two_far_rows_are_found() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    assert set(_farthest(rows)) == {int(rows.argmin()), int(rows.argmax())}


def test_classes_spread_along_a_chain_where_the_nearest_centre_is_another_ones() -> None:
    turns = np.linspace(0, np.pi, 80)
    outer = np.stack([np.cos(turns), np.sin(turns), np.zeros(80)], axis=1)
    inner = np.stack([1 - np.cos(turns), 0.5 - np.sin(turns), np.zeros(80)], axis=1)
    rows = unit(np.concatenate([outer, inner]) * 0.4 + [0.0, 0.0, 1.0])
    labels = np.repeat([0, 1], 80)
    told = np.array([0, 79, 80, 159])
    draw = np.random.default_rng(0)
    spread = label_propagation(rows, 2, told, labels[told], draw)
    nearest = seeded_k_means(rows, 2, told, labels[told], draw)
    assert (spread == labels).mean() > 0.97
    assert (nearest == labels).mean() < 0.95


def test_texts_that_no_class_reaches_are_a_cluster_of_their_own() -> None:
    draw = np.random.default_rng(0)
    near = np.concatenate([np.eye(3)[[0] * 20], np.eye(3)[[1] * 20], np.eye(3)[[2] * 20]])
    rows = unit(near + 0.01 * np.abs(draw.normal(size=near.shape)))
    found = label_propagation(rows, 3, np.array([0, 20]), np.array([7, 9]), draw)
    assert found.tolist() == [0] * 20 + [1] * 20 + [2] * 20


def test_the_number_of_clusters_is_found_where_they_lie_apart() -> None:
    rows, labels = blobs(width=0.1)
    found = estimated(rows, seed=0)
    assert len(np.unique(found)) == 10  # one of 5, 7, 10, 15, 21, 30, 42, 60
    assert agreement(labels, found)["ami"] > 0.99
