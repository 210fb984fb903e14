"""Recall@K against open-metric-learning, where it computes the same under the name CMC@K.

`tox -e benchmark` installs that library without its dependencies on torchvision, which has no
build for a CPU torch; without the library this file is skipped.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from harness.scoring import score_embeddings

knn = pytest.importorskip("oml.functional.knn", reason="open-metric-learning is not installed")
metrics = pytest.importorskip("oml.functional.metrics")

RANKS = (1, 2, 4, 8)
ROUNDS = 3


def problem(points: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit float32 (points, 128) around class centres, and labels."""
    draw = np.random.default_rng(0)
    labels = draw.permutation(np.arange(points) % classes)
    noisy = 0.5 * draw.standard_normal((classes, 128))[labels] + draw.standard_normal((points, 128))
    return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32), labels


def of_the_library(embeddings: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    everything = torch.arange(len(labels))
    _, retrieved, relevant = knn.batched_knn(
        embeddings=torch.from_numpy(embeddings),
        ids_query=everything,
        ids_gallery=everything,
        top_n=max(RANKS),
        labels_gt=torch.from_numpy(labels),
    )
    found = metrics.calc_retrieval_metrics(
        retrieved, relevant, cmc_top_k=RANKS, precision_top_k=(), map_top_k=(), verbose=False
    )
    return {rank: float(value) for rank, value in found["cmc"].items()}


def of_ours(embeddings: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    scores = score_embeddings(
        embeddings, labels, recall_at=RANKS, whole_ranking=False, clustering=None, seed=0
    )
    return {rank: scores.values[f"recall_at_{rank}"] for rank in RANKS}


@pytest.mark.parametrize(("points", "classes"), [(5_924, 100), (10_000, 10)])
def test_recall_is_the_same_number_and_sooner_there(points, classes, benchmark):
    embeddings, labels = problem(points, classes)
    library, ours = [], []

    def pair() -> None:
        began = time.perf_counter()
        expected = of_the_library(embeddings, labels)
        library.append(time.perf_counter() - began)
        began = time.perf_counter()
        found = of_ours(embeddings, labels)
        ours.append(time.perf_counter() - began)
        assert found == pytest.approx(expected, abs=1e-6)

    benchmark.pedantic(pair, rounds=ROUNDS)
    benchmark.extra_info |= {"library_s": min(library), "ours_s": min(ours)}
    print(  # noqa: T201
        f"\n{points:,} points, {classes} classes: open-metric-learning {min(library):.3f} s "
        f"(Recall@K alone), ours {min(ours):.3f} s "
        "(with P@1, R-precision and MAP@R)"
    )
