"""Euclidean scores are those of float64 distances, however far the points are from each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from harness.scoring import EmbeddingScores, retrieval, score_embeddings

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]


def exact(points: Floats, labels: Labels) -> dict[str, list[float]]:
    """P@1 and MAP@R of each query by squared differences in float64; no query has a tie."""
    found: dict[str, list[float]] = {"precision_at_1": [], "map_at_r": []}
    wide = points.astype(np.float64)
    for query, label in enumerate(labels):
        apart = np.square(wide - wide[query]).sum(axis=1)
        apart[query] = np.inf
        hit = (labels == label)[np.argsort(apart, kind="stable")]
        relevant = int((labels == label).sum()) - 1
        precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
        found["precision_at_1"].append(float(hit[0]))
        found["map_at_r"].append(float((precision * hit)[:relevant].sum() / relevant))
    return found


def clusters(seed: int, points: int = 300, size: int = 16) -> tuple[Floats, Labels]:
    draw = np.random.default_rng(seed)
    labels = np.arange(points) % 20
    return draw.normal(size=(20, size))[labels] + 0.6 * draw.normal(size=(points, size)), labels


def one_far(points: Floats) -> Floats:
    points[7] *= 3000
    return points


def a_few_farther_and_farther(points: Floats) -> Floats:
    points[:5] *= np.array([1e2, 1e4, 1e6, 1e8, 1e10])[:, None]
    return points


def two_groups(points: Floats) -> Floats:
    points[::2] += 1e4
    return points


def three_groups_far_off(points: Floats) -> Floats:
    return points + np.array([0.0, 1e7, -3e7])[np.arange(len(points)) % 3, None]


def on_a_line(points: Floats) -> Floats:
    return points[:, :1] + 5.0


def off_the_origin(points: Floats) -> Floats:
    return points + 1e6


SHAPES = [one_far, a_few_farther_and_farther, two_groups, three_groups_far_off, on_a_line]


def scored(points: Floats, labels: Labels, **settings: object) -> EmbeddingScores:
    return score_embeddings(
        points, labels, distance="euclidean", clustering=None, seed=0, **settings
    )


@pytest.mark.parametrize("way", ["sorting", "counting", "device"])
@pytest.mark.parametrize("shape", [*SHAPES, off_the_origin])
def test_the_order_is_that_of_float64(
    shape: Callable[[Floats], Floats], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "counting":
        monkeypatch.setattr(retrieval, "COUNT_FROM", 0)
    points, labels = clusters(0)
    points = shape(points)
    found = scored(points, labels, device="cpu" if way == "device" else None)
    for name, values in exact(points, labels).items():
        assert found.per_query[name] == pytest.approx(values, abs=1e-12), name


@pytest.mark.parametrize("shape", SHAPES)
def test_so_it_is_where_only_the_first_ranks_are_read(shape: Callable[[Floats], Floats]) -> None:
    points, labels = clusters(1, points=900)
    points = shape(points)
    found = scored(points, labels, whole_ranking=False)
    assert found.per_query["map_at_r"] == pytest.approx(exact(points, labels)["map_at_r"])


@pytest.mark.parametrize("far", [1.0, 1e3, 1e4, 1e5, 1e6, 1e30, 1e200])
def test_a_far_point_leaves_the_near_ones_apart(far: float) -> None:
    points = np.array([[0.0], [0.01], [0.05], [0.06], [far]])
    assert scored(points, np.array([0, 0, 1, 1, 2])).values["precision_at_1"] == 1.0


def test_two_far_points_are_told_apart() -> None:
    points = np.array([[0.0], [1e20], [3e20], [0.1], [3.5e20]])
    found = scored(points, np.array([0, 1, 2, 0, 2]))
    assert found.values["precision_at_1"] == 1.0


@pytest.mark.parametrize("way", ["sorting", "counting"])
def test_equal_distances_off_a_grid_are_tied_and_nothing_else_is(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "counting":
        monkeypatch.setattr(retrieval, "COUNT_FROM", 0)
    points = np.array([[0.0], [0.3], [-0.3], [0.3 + 1e-9], [-9.1], [-9.2]]) + 0.0
    labels = np.array([0, 0, 1, 1, 2, 2])
    found = scored(points, labels).per_query["precision_at_1"]
    assert found[0] == 0.5  # 0.3 and -0.3
    assert found[1] == 0.0  # 0.3 + 1e-9


def test_a_far_gallery_is_searched_by_float64_too() -> None:
    points, labels = clusters(2)
    shelf, shelf_labels = clusters(3)
    shelf[0] *= 1e6
    near = scored(points, labels, gallery=shelf[1:], gallery_labels=shelf_labels[1:])
    far = scored(points, labels, gallery=shelf, gallery_labels=shelf_labels)
    assert far.values["precision_at_1"] == near.values["precision_at_1"]


def test_many_points_on_a_line_are_as_near_as_they_are() -> None:
    draw = np.random.default_rng(0)
    labels = np.arange(4500) // 10
    points = (labels + 0.5 * draw.normal(size=4500))[:, None] + 1e3
    order = np.argsort(points[:, 0])
    line = points[order, 0]
    left, right = np.diff(line, prepend=-np.inf), np.diff(line, append=np.inf)
    nearest = np.where(left < right, np.arange(4500) - 1, np.arange(4500) + 1)
    ranked = labels[order]
    expected = float(np.mean(ranked[nearest] == ranked))
    assert scored(points, labels).values["precision_at_1"] == pytest.approx(expected, abs=1e-12)


EXTREMES = [1e-322, 1e-250, 1e-30, 1.0, 1e40, 1e150, 1e306]


@pytest.mark.parametrize("way", ["sorting", "counting", "device"])
def test_points_of_every_size_that_float64_holds_are_told_apart(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "counting":
        monkeypatch.setattr(retrieval, "COUNT_FROM", 0)
    points = np.array([size * place for size in EXTREMES for place in (3, 4, 10, 11)])[:, None]
    labels = np.repeat(np.arange(2 * len(EXTREMES)), 2)
    found = scored(points, labels, device="cpu" if way == "device" else None)
    assert found.values["precision_at_1"] == 1.0


@pytest.mark.filterwarnings("error")
def test_points_of_every_size_are_clustered_without_a_warning() -> None:
    points = np.array([[size * place] for size in EXTREMES for place in (3.0, 4.0, -10.0)])
    labels = np.arange(len(points)) % 3
    values = score_embeddings(points, labels, distance="euclidean", seed=0).values
    assert all(np.isfinite(value) for value in values.values())
