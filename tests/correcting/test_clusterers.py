"""Clusterers that use corrections: what they promise holds whatever is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correcting.clusterers import (
    CLUSTERERS,
    cop_k_means,
    estimated,
    k_means,
    label_propagation,
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
    assert np.mean([ami(seed) for seed in range(5)]) > np.mean(plain) + 0.01


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
