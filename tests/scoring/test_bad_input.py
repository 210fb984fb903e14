"""What cannot be scored is one clear line; what can be is scored."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.scoring import map_at_r, score_embeddings

POINTS = np.array([[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.0, 0.1]])
LABELS = np.array([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("points", "labels", "said"),
    [
        (np.where(POINTS == 0.1, np.nan, POINTS), LABELS, "embeddings: row 2 .* not finite"),
        (np.where(POINTS == 0.1, np.inf, POINTS), LABELS, "embeddings: row 2 .* not finite"),
        (POINTS[0], LABELS, r"shape \(samples, dimensions\).*\(2,\)"),
        (POINTS[None], LABELS, "shape"),
        (POINTS[:0], LABELS[:0], r"none of them 0, not \(0, 2\)"),
        (POINTS[:, :0], LABELS, r"not \(4, 0\)"),
        (POINTS.astype(np.complex128), LABELS, "complex128"),
        (POINTS.astype(object), LABELS, "object"),
        (POINTS.astype(np.longdouble), LABELS, "must be float16, float32 or float64"),
        (POINTS, LABELS[:3], "labels: 3 of them for 4 embeddings"),
        (POINTS, LABELS[:, None], r"shape \(samples,\)"),
        (POINTS, LABELS + 0.5, "labels must be integers, not float64"),
        (POINTS, LABELS.astype(str), "labels must be integers"),
        (POINTS, LABELS * 0, "all 4 labels are the same"),
        (POINTS, np.arange(4), "no positive pair"),
    ],
)
def test_what_cannot_be_scored_is_one_clear_line(
    points: np.ndarray, labels: np.ndarray, said: str
) -> None:
    with pytest.raises(UserError, match=said) as caught:
        score_embeddings(points, labels, seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gallery": POINTS}, "a gallery needs its labels"),
        ({"gallery_labels": LABELS}, "need a gallery"),
        ({"gallery": POINTS[:, :1], "gallery_labels": LABELS}, "gallery has 1 dimensions"),
        ({"gallery": np.full((4, 2), np.inf), "gallery_labels": LABELS}, "gallery: row 1 of 4"),
        ({"gallery": POINTS, "gallery_labels": LABELS[:2]}, "gallery labels: 2 of them"),
        ({"gallery": POINTS, "gallery_labels": LABELS * 0}, "all gallery labels are the same"),
        ({"gallery": POINTS, "gallery_labels": LABELS + 5}, "no positive pair"),
        ({"distance": "cosin"}, "did you mean 'cosine'"),
        ({"recall_at": (0,)}, "recall_at takes whole numbers from 1"),
        ({"recall_at": (1.5,)}, "recall_at takes whole numbers from 1"),
    ],
)
def test_a_bad_argument_is_one_clear_line(change: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        score_embeddings(POINTS, LABELS, seed=0, **change)


def test_the_quick_path_checks_too() -> None:
    with pytest.raises(UserError, match="no positive pair"):
        map_at_r(POINTS, np.arange(4))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_every_width_of_number_is_scored(dtype: type) -> None:
    points = (POINTS * 100).astype(dtype)
    assert score_embeddings(points, LABELS, seed=0).values["map_at_r"] == 1.0


def test_float16_scores_as_the_same_values_in_float32() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((50, 7)).astype(np.float16), rng.integers(0, 5, 50)
    half, single = (
        score_embeddings(p, labels, seed=0).values for p in (points, points.astype(np.float32))
    )
    assert half == single


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_huge_and_tiny_values_neither_overflow_nor_vanish(scale: float, distance: str) -> None:
    scores = score_embeddings(POINTS * scale, LABELS, distance=distance, seed=0)
    assert scores.values["map_at_r"] == 1.0


def test_points_far_from_the_origin_keep_their_neighbours() -> None:
    scores = score_embeddings(POINTS + 1e6, LABELS, distance="euclidean", seed=0)
    assert scores.values["map_at_r"] == 1.0


@pytest.mark.parametrize(
    "labels",
    [
        LABELS * 2**40,
        LABELS.astype(np.uint64) + np.uint64(2**63),
        -LABELS - 2**62,
        LABELS.astype(np.int8),
        LABELS.astype(bool),
    ],
)
def test_labels_of_any_size_name_classes(labels: np.ndarray) -> None:
    assert score_embeddings(POINTS, labels, seed=0).values["map_at_r"] == 1.0


def test_labels_beyond_int64_stay_apart_from_their_neighbours_in_a_gallery() -> None:
    labels = np.array([2**63 + 1, 2**63 + 1, 2**63 + 2, 2**63 + 2], dtype=np.uint64)
    scores = score_embeddings(POINTS, labels, gallery=POINTS, gallery_labels=labels, seed=0)
    assert scores.values["map_at_r"] == 1.0


def test_a_read_only_array_is_scored_and_left_as_it_is() -> None:
    points = POINTS.astype(np.float32)
    points.flags.writeable = False
    score_embeddings(points, LABELS, distance="euclidean", seed=0)
    assert (points == POINTS.astype(np.float32)).all()
