"""Items with several labels: what shares one is relevant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import score_embeddings
from harness.scoring.overlap import score_overlap

Sets = list[set[int]]


def drawn(count: int = 50, seed: int = 0) -> tuple[np.ndarray[Any, Any], Sets]:
    draw = np.random.default_rng(seed)
    sets = [
        set(draw.choice(7, size=draw.integers(1, 4), replace=False).tolist()) for _ in range(count)
    ]
    centres = draw.normal(size=(7, 5))
    points = np.stack([centres[sorted(one)].mean(axis=0) for one in sets])
    return points + 0.5 * draw.normal(size=points.shape), sets


def by_hand(points: Any, sets: Sets, shelf: Any, shelved: Sets, *, own: bool) -> dict[str, float]:
    """MAP@R, R-precision and mean reciprocal rank, query by query."""
    found: dict[str, list[float]] = {"map_at_r": [], "r_precision": [], "mrr": [], "map": []}
    for row, (point, labels) in enumerate(zip(points, sets, strict=True)):
        right = np.array([bool(labels & other) for other in shelved])
        kept = np.arange(len(shelf)) != row if own else np.ones(len(shelf), dtype=bool)
        order = np.argsort(np.linalg.norm(shelf[kept] - point, axis=1))
        hits = right[kept][order]
        count = int(hits.sum())
        if not count:
            continue
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        found["map_at_r"].append((precision[:count] * hits[:count]).sum() / count)
        found["map"].append((precision * hits).sum() / count)
        found["r_precision"].append(hits[:count].mean())
        found["mrr"].append(1 / (1 + int(np.argmax(hits))))
    return {name: float(np.mean(values)) for name, values in found.items()}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("own", [True, False])
def test_the_scores_are_those_of_each_querys_overlaps(seed: int, own: bool) -> None:
    points, sets = drawn(seed=seed)
    shelf, shelved = (points, sets) if own else drawn(70, seed=seed + 9)
    gallery: dict[str, Any] = {} if own else {"gallery": shelf, "gallery_labels": shelved}
    found = score_overlap(points, sets, distance="euclidean", **gallery)
    wanted = by_hand(points, sets, shelf, shelved, own=own)
    assert {name: found.values[name] for name in wanted} == pytest.approx(wanted, abs=1e-12)
    assert (found.class_means, found.clustering) == ({}, None)


def test_one_label_each_is_scored_as_always() -> None:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 5, 60)
    points = draw.normal(size=(5, 4))[labels] + draw.normal(size=(60, 4))
    plain = score_embeddings(points, labels, clustering=None, seed=0)
    several = score_overlap(points, [{int(label)} for label in labels])
    assert several.values == plain.values


def test_equal_points_are_tied() -> None:
    points = np.array([[0.0], [1.0], [1.0], [5.0]])
    found = score_overlap(points, [{1}, {1, 2}, {3}, {3}], distance="euclidean")
    assert found.per_query["precision_at_1"][0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([{1}, set(), {1}], "labels of row 2 are none"),
        (["ab", {1}, {1}], "labels of row 1 are a text"),
        ([{1}, {2}, {3}], "no query shares a label"),
        ([{1}, {1}], "2 labels for 3 rows"),
    ],
)
def test_what_cannot_be_scored_is_one_line(labels: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        score_overlap(np.eye(3), labels)
