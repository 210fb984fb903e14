"""Gallery items that are no answer to a query: of its class and its camera, as for persons."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import score_embeddings

Array = np.ndarray


def drawn(count: int = 60, seed: int = 0) -> tuple[Array, Array, Array]:
    """Points, classes and cameras without ties."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 6, count)
    points = draw.normal(size=(6, 5))[labels] + draw.normal(size=(count, 5))
    return points, labels, draw.integers(0, 3, count)


def by_hand(asked: tuple[Array, Array, Array], shelf: tuple[Array, Array, Array] | None) -> float:
    """MAP@R query by query: what is left out is deleted before anything is ranked."""
    points, labels, cameras = asked
    others = asked if shelf is None else shelf
    found = []
    for row, (point, label, camera) in enumerate(zip(points, labels, cameras, strict=True)):
        kept = ~((others[1] == label) & (others[2] == camera))
        if shelf is None:
            kept[row] = False
        distances = np.linalg.norm(others[0][kept] - point, axis=1)
        right = (others[1][kept] == label)[np.argsort(distances)]
        relevant = int(right.sum())
        if relevant:
            ranks = np.arange(1, relevant + 1)
            found.append((np.cumsum(right[:relevant]) / ranks * right[:relevant]).sum() / relevant)
    return float(np.mean(found))


@pytest.mark.parametrize(("seed", "own"), list(product(range(3), (True, False))))
def test_the_score_is_that_of_galleries_without_what_is_left_out(seed: int, own: bool) -> None:
    asked = drawn(seed=seed)
    shelf = None if own else drawn(90, seed=seed + 10)
    gallery = {} if shelf is None else {"gallery": shelf[0], "gallery_labels": shelf[1],
                                        "gallery_exclude": shelf[2]}  # fmt: skip
    found = score_embeddings(
        asked[0], asked[1], exclude=asked[2], distance="euclidean", clustering=None, seed=0,
        **gallery,
    )  # fmt: skip
    assert found.values["map_at_r"] == pytest.approx(by_hand(asked, shelf), abs=1e-12)


def test_a_camera_of_its_own_for_each_row_changes_nothing() -> None:
    points, labels, _ = drawn()
    plain = score_embeddings(points, labels, clustering=None, seed=0)
    apart = score_embeddings(points, labels, exclude=np.arange(60), clustering=None, seed=0)
    assert apart.values == plain.values


def test_a_query_whose_class_was_seen_by_its_camera_alone_does_not_ask() -> None:
    points, labels, cameras = drawn()
    cameras[labels == 2] = 7
    found = score_embeddings(points, labels, exclude=cameras, clustering=None, seed=0)
    assert not np.isin(np.flatnonzero(labels == 2), found.queries).any()
    assert found.singletons >= int((labels == 2).sum())


def test_of_several_columns_each_excludes_and_texts_are_told_apart() -> None:
    points, labels, cameras = drawn()
    days = np.random.default_rng(5).integers(0, 2, 60).astype(str)
    one = score_embeddings(points, labels, exclude=cameras.astype(str), clustering=None, seed=0)
    names = np.stack([cameras.astype(str), np.arange(60).astype(str)], axis=1)
    same = score_embeddings(points, labels, exclude=names, clustering=None, seed=0)
    more = np.stack([cameras.astype(str), days], axis=1)
    fewer = score_embeddings(points, labels, exclude=more, clustering=None, seed=0)
    assert same.values == one.values
    assert len(fewer.queries) <= len(one.queries)
    assert fewer.values != one.values


def test_equal_points_are_tied_and_not_left_out_twice() -> None:
    points = np.zeros((6, 2))
    points[3:] = 1.0
    labels, cameras = np.array([0, 0, 1, 0, 1, 1]), np.array([0, 1, 0, 0, 1, 1])
    found = score_embeddings(
        points, labels, exclude=cameras, distance="euclidean", clustering=None, seed=0
    )
    # Row 0: row 1 is relevant (camera 1), row 3 is left out; rows 1 and 2 are tied as nearest.
    place = found.queries.tolist().index(0)
    assert found.per_query["precision_at_1"][place] == pytest.approx(0.5)


def test_what_does_not_fit_is_one_line() -> None:
    points, labels, cameras = drawn()
    for given in ({"exclude": cameras[:5]}, {"gallery_exclude": cameras}):
        with pytest.raises(UserError, match="exclude"):
            score_embeddings(points, labels, clustering=None, seed=0, **given)
    with pytest.raises(UserError, match="exclude: ranks on this processor"):
        score_embeddings(points, labels, exclude=cameras, device="cpu", clustering=None, seed=0)
