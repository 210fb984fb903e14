"""The search for medoids: its score, and how near it comes to the best."""

from itertools import combinations

import numpy as np
import pytest
from bench_methods.clustering.medoid_search import best_medoids, scores
from sklearn.metrics import normalized_mutual_info_score


def drawn(seed, count=8, classes=3):
    """Distances, (count, count), of random points in the plane, and their random classes."""
    draw = np.random.default_rng(seed)
    points = draw.normal(size=(count, 2))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    return distances, draw.permutation(np.arange(count) % classes)


@pytest.mark.parametrize("seed", range(5))
def test_the_margin_is_one_less_the_nmi_of_scikit_learn(seed):
    distances, classes = drawn(seed, count=12)
    sets = np.array(list(combinations(range(12), 3)))[::7]
    one_hot = np.eye(3)[classes]
    margins = scores(distances, one_hot, sets, 1.0) - scores(distances, one_hot, sets, 0.0)
    expected = [
        1.0 - normalized_mutual_info_score(classes, distances[:, medoids].argmin(axis=1))
        for medoids in sets
    ]
    np.testing.assert_allclose(margins, expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_nmi_returned_is_that_of_the_medoids(seed):
    distances, classes = drawn(seed)
    medoids, nmi = best_medoids(distances, classes, 2.0)
    assigned = distances[:, medoids].argmin(axis=1)
    assert nmi == pytest.approx(normalized_mutual_info_score(classes, assigned))
    assert len(set(medoids.tolist())) == 3


def test_exchanges_come_near_the_best_of_all_sets():
    found, best = [], []
    for seed in range(40):
        distances, classes = drawn(seed)
        one_hot = np.eye(3)[classes]
        sets = np.array(list(combinations(range(8), 3)))
        best.append(scores(distances, one_hot, sets, 1.0).max())
        medoids, _ = best_medoids(distances, classes, 1.0)
        found.append(scores(distances, one_hot, medoids[None], 1.0)[0])
    reached = np.isclose(found, best)
    assert (np.array(found) <= np.array(best) + 1e-9).all()
    assert reached.mean() > 0.5


def test_one_class_has_the_best_medoid_of_all():
    distances, _ = drawn(0)
    medoids, nmi = best_medoids(distances, np.zeros(8, dtype=np.int64), 1.0)
    assert medoids.tolist() == [distances.sum(axis=0).argmin()]
    assert nmi == 1.0
