"""What holds for any embedding at all."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import UserError
from harness.scoring import EmbeddingScores, KMeans, check_invariants, map_at_r, score_embeddings

coordinates = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-4, 4, width=32, allow_subnormal=False)
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size, dimensions = draw(st.integers(3, 24)), draw(st.integers(1, 5))
    points = draw(arrays(np.float32, (size, dimensions), elements=coordinates))
    return points, draw(arrays(np.int64, size, elements=st.integers(0, 4)))


def scored(points: np.ndarray, labels: np.ndarray, distance: str = "cosine") -> EmbeddingScores:
    try:
        return score_embeddings(points, labels, distance=distance, clustering=None, seed=0)
    except UserError:
        assume(False)
        raise


distances = st.sampled_from(["cosine", "euclidean"])


@given(problems(), distances)
def test_scores_keep_the_invariants(problem: tuple, distance: str) -> None:
    assert check_invariants(scored(*problem, distance).values) == []


@given(problems(), distances)
def test_each_query_keeps_map_at_r_below_r_precision(problem: tuple, distance: str) -> None:
    found = scored(*problem, distance).per_query
    assert (found["map_at_r"] <= found["r_precision"] + 1e-12).all()


@given(problems(), distances)
def test_r_precision_is_perfect_where_map_at_r_is(problem: tuple, distance: str) -> None:
    found = scored(*problem, distance).per_query
    perfect = {name: found[name] > 1 - 1e-12 for name in ("r_precision", "map_at_r")}
    assert (perfect["r_precision"] == perfect["map_at_r"]).all()


@given(problems(), distances)
def test_one_relevant_item_makes_three_scores_one(problem: tuple, distance: str) -> None:
    points, labels = problem
    scores = scored(points, labels, distance)
    sizes = np.bincount(labels)[labels[scores.queries]]
    first = {name: values[sizes == 2] for name, values in scores.per_query.items()}
    assert first["r_precision"] == pytest.approx(first["precision_at_1"])
    assert first["map_at_r"] == pytest.approx(first["precision_at_1"])


@given(problems(), distances)
def test_a_right_first_neighbour_gives_its_share_of_map_at_r(problem: tuple, distance: str) -> None:
    points, labels = problem
    scores = scored(points, labels, distance)
    relevant = np.bincount(labels)[labels[scores.queries]] - 1
    right = scores.per_query["precision_at_1"] == 1
    assert (scores.per_query["map_at_r"][right] >= 1 / relevant[right] - 1e-12).all()


@given(problems(), distances, st.randoms())
def test_the_row_order_changes_nothing(problem: tuple, distance: str, random) -> None:
    points, labels = problem
    order = np.array(random.sample(range(len(labels)), len(labels)))
    before, after = scored(points, labels, distance), scored(points[order], labels[order], distance)
    assert before.values == after.values


@given(problems(), distances)
def test_names_of_classes_change_nothing(problem: tuple, distance: str) -> None:
    points, labels = problem
    renamed = np.array([17, -(2**40), 2**62, 3, 0])[labels]
    before, after = scored(points, labels, distance), scored(points, renamed, distance)
    assert before.values == after.values


@given(problems(), distances, st.sampled_from([2.0**-100, 0.5, 2.0**60]))
def test_the_scale_changes_nothing(problem: tuple, distance: str, scale: float) -> None:
    points, labels = np.rint(problem[0] * 4) / 4, problem[1]  # nothing that would vanish
    before = scored(points, labels, distance)
    assert before.values == scored(points * np.float32(scale), labels, distance).values


@given(problems())
def test_turning_the_axes_changes_no_euclidean_score(problem: tuple) -> None:
    points, labels = np.rint(problem[0] * 4) / 4, problem[1]  # no sum of these is rounded
    before = scored(points, labels, "euclidean")
    after = scored(-points[:, ::-1], labels, "euclidean")
    assert after.values == pytest.approx(before.values, abs=1e-12)


@given(problems(), distances)
def test_mirroring_an_axis_changes_nothing(problem: tuple, distance: str) -> None:
    points, labels = problem
    mirrored = points.copy()
    mirrored[:, 0] *= -1
    before, after = scored(points, labels, distance), scored(mirrored, labels, distance)
    assert after.values == pytest.approx(before.values, abs=1e-12)


def test_a_rotation_changes_nothing_where_nothing_is_nearly_tied() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((60, 5)), rng.integers(0, 6, 60)
    rotation = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    before, after = scored(points, labels), scored(points @ rotation, labels)
    assert after.values == pytest.approx(before.values, abs=1e-12)


@given(problems(), st.integers(-64, 64))
def test_a_shift_changes_no_euclidean_score(problem: tuple, shift: int) -> None:
    points, labels = np.rint(problem[0] * 4) / 4, problem[1]
    before = scored(points, labels, "euclidean")
    after = scored(points + np.float32(shift), labels, "euclidean")
    assert after.values == pytest.approx(before.values, abs=1e-12)


@given(problems(), distances)
def test_the_quick_path_gives_the_same_number(problem: tuple, distance: str) -> None:
    expected = scored(*problem, distance).values["map_at_r"]
    assert map_at_r(*problem, distance=distance) == expected


@given(problems())
def test_a_gallery_of_other_classes_leaves_their_queries_out(problem: tuple) -> None:
    points, labels = problem
    gallery = np.vstack((points, points))
    gallery_labels = np.concatenate((np.zeros(len(points), int), np.full(len(points), 9)))
    assume((labels == 0).any())
    scores = score_embeddings(
        points, labels, gallery=gallery, gallery_labels=gallery_labels, clustering=None, seed=0
    )
    assert scores.singletons == (labels != 0).sum()


@settings(max_examples=20)
@given(problems(), distances)
def test_a_clustering_does_not_depend_on_the_row_order(problem: tuple, distance: str) -> None:
    points, labels = problem
    scored(points, labels, distance)
    found = [
        score_embeddings(
            points[::step], labels[::step], distance=distance, clustering=KMeans(restarts=1), seed=3
        ).values
        for step in (1, -1)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-12)
