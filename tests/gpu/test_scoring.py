"""Ranking on the device: the CPU's scores, and how fast."""

from __future__ import annotations

import time

import numpy as np
import pytest

from harness.scoring import score_embeddings


def clustered(points, classes, seed=0):
    """Unit float32 rows of 128 numbers around class centres, and their labels."""
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(points) % classes)
    centres = draw.standard_normal((classes, 128)).astype(np.float32) / 3
    rows = 0.6 * centres[labels] + draw.standard_normal((points, 128), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), labels


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_scores_there_are_the_scores_here(bench, distance):
    rows, labels = clustered(600 if bench.toy else 6_000, 100)
    there = score_embeddings(
        rows, labels, distance=distance, clustering=None, seed=0, device=bench.device
    ).values
    here = score_embeddings(rows, labels, distance=distance, clustering=None, seed=0).values
    gap = max(abs(there[name] - here[name]) for name in here)
    bench.row(f"scores against the CPU's, {distance}, largest difference", f"{gap:.1e}", "1e-4")
    assert gap <= 1e-4


@pytest.mark.parametrize(
    ("name", "points", "classes", "target"),
    [("SOP size", 60_502, 11_316, 2.0), ("half a million", 500_000, 50_000, None)],
)
def test_how_fast(bench, name, points, classes, target):
    if bench.toy:
        points, classes = points // 100, classes // 100
    rows, labels = clustered(points, classes)
    seconds = []
    for _ in range(2):  # the first call loads the device's libraries
        began = time.perf_counter()
        score_embeddings(rows, labels, clustering=None, seed=0, device=bench.device)
        seconds.append(time.perf_counter() - began)
    bench.row(
        f"all retrieval scores, {name}: {points:,} x 128, {classes:,} classes",
        f"{seconds[-1]:.2f} s",
        "" if target is None else f"{target:g} s",
    )
