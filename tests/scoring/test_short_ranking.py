"""Without the whole ranking, only the nearest are sorted: the scores that remain are the same."""

import numpy as np
import pytest

from harness.scoring import EmbeddingScores, score_embeddings, sorting


def random_problem(seed: int, *, grid: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(60, 900))
    labels = rng.integers(0, int(rng.integers(3, 60)), size)
    labels[:2] = 0
    points = rng.integers(-2, 3, (size, 4)) if grid else rng.standard_normal((size, 8))
    points[rng.integers(0, size, size // 9)] = points[0]
    return points.astype(np.float32), labels


def scored(
    points: np.ndarray, labels: np.ndarray, *, whole: bool, **settings: object
) -> EmbeddingScores:
    return score_embeddings(
        points,
        labels,
        distance="euclidean",
        clustering=None,
        whole_ranking=whole,
        seed=0,
        **settings,
    )


@pytest.mark.parametrize("spare", [1, 64])
@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("seed", range(30))
def test_the_scores_that_remain_are_the_same_to_the_last_bit(
    seed: int, grid: bool, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "SPARE", spare)
    problem = random_problem(seed, grid=grid)  # on a grid ties run across every rank
    whole, short = scored(*problem, whole=True), scored(*problem, whole=False)
    for name, values in short.per_query.items():
        assert np.array_equal(values, whole.per_query[name]), name


def test_only_the_scores_that_read_past_the_cut_are_left_out() -> None:
    problem = random_problem(0, grid=False)
    whole, short = scored(*problem, whole=True), scored(*problem, whole=False)
    assert set(whole.values) - set(short.values) == {"map", "mrr"}


def test_recall_at_a_rank_beyond_every_class_is_still_right() -> None:
    rng = np.random.default_rng(0)
    problem = rng.standard_normal((1000, 5)), np.arange(1000) // 4
    values = [scored(*problem, whole=whole, recall_at=(300,)).values for whole in (True, False)]
    assert values[0]["recall_at_300"] == values[1]["recall_at_300"] < 1
