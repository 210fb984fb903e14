"""Ranking by torch, on its CPU: the same scores as the kernels of numpy, to the last bit.

The points have small whole coordinates, whose products no order of summing rounds.
"""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import EmbeddingScores, retrieval, score_embeddings
from harness.testing.devices import pretended_device


def problem(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on a grid, so that ties run across ranks, with copies and a class of one."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(40, 500))
    labels = rng.integers(0, int(rng.integers(3, 60)), size)
    labels[0] = labels.max() + 1
    points = rng.integers(-3, 4, (size, 3))
    points[rng.integers(0, size, size // 9)] = points[0]
    return points.astype(np.float32), labels


def scored(points: np.ndarray, labels: np.ndarray, **settings: object) -> EmbeddingScores:
    return score_embeddings(points, labels, clustering=None, seed=0, **settings)


def assert_equal(found: EmbeddingScores, expected: EmbeddingScores) -> None:
    assert np.array_equal(found.queries, expected.queries)
    assert found.per_query.keys() == expected.per_query.keys()
    for name, values in expected.per_query.items():
        assert np.array_equal(found.per_query[name], values), name


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_scores_are_those_of_the_processor(
    seed: int, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "_DEVICE_PRODUCT_BYTES", 1 << 16)
    monkeypatch.setattr("harness.scoring.device.SPARE", 1)
    asked = {"distance": "euclidean", "whole_ranking": whole}
    assert_equal(scored(*problem(seed), **asked, device="cpu"), scored(*problem(seed), **asked))


def test_so_they_are_against_a_gallery() -> None:
    points, labels = problem(0)
    shelf, shelf_labels = problem(1)
    asked = {"distance": "euclidean", "gallery": shelf, "gallery_labels": shelf_labels}
    assert_equal(scored(points, labels, **asked, device="cpu"), scored(points, labels, **asked))


def test_so_they_are_where_the_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(-50, 51, (600, 3)).astype(np.float32)
    labels = np.arange(600) // 4
    ranked = scored(points, labels, distance="euclidean", device="cpu")
    monkeypatch.setattr(retrieval, "COUNT_FROM", 100)
    assert_equal(ranked, scored(points, labels, distance="euclidean"))


def test_cosine_scores_agree_up_to_the_rounding_of_products() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((400, 16)), rng.integers(0, 20, 400)
    here, there = scored(points, labels), scored(points, labels, device="cpu")
    assert there.values == pytest.approx(here.values, abs=1e-4)


def test_embeddings_that_are_all_equal_score_by_expectation() -> None:
    points, labels = np.ones((12, 4)), np.arange(12) % 3
    found = scored(points, labels, device="cpu")
    assert found.values["precision_at_1"] == pytest.approx(3 / 11)
    assert found.collapsed


@pytest.mark.parametrize("asked", [{}, {"whole_ranking": False}, {"distance": "euclidean"}])
def test_ranking_mixes_no_tensors_of_two_devices(asked: dict[str, object]) -> None:
    points, labels = problem(0)
    shelf, shelf_labels = problem(1)
    for gallery in ({}, {"gallery": shelf, "gallery_labels": shelf_labels}):
        here = scored(points, labels, **asked, **gallery)
        with pretended_device() as pretended:
            there = scored(points, labels, **asked, **gallery, device=str(pretended.device))
        assert_equal(there, here)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_one_line(device: str) -> None:
    with pytest.raises(UserError, match=f"device '{device}': ") as raised:
        scored(*problem(0), device=device)
    assert "\n" not in str(raised.value)
