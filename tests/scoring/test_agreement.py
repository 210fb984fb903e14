"""NMI, AMI, ARI and pairwise F1 of two partitions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from sklearn import metrics

from harness.errors import UserError
from harness.scoring import agreement
from harness.scoring.agreement import (
    contingency,
    expected_mutual_information,
    mutual_information,
)

Partitions = tuple[np.ndarray, np.ndarray]


def random_partitions(seed: int) -> Partitions:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 700))
    classes = rng.integers(0, rng.integers(1, size + 1), size)
    clusters = rng.integers(0, rng.integers(1, size + 1), size)
    return classes, np.where(rng.random(size) < rng.choice([0.0, 0.5, 1.0]), classes, clusters)


@pytest.mark.parametrize("seed", range(200))
def test_agreement_equals_scikit_learn(seed: int) -> None:
    classes, clusters = random_partitions(seed)
    (_, fp), (fn, tp) = metrics.cluster.pair_confusion_matrix(classes, clusters)
    theirs = {
        "nmi": metrics.normalized_mutual_info_score(classes, clusters),
        "ami": metrics.adjusted_mutual_info_score(classes, clusters),
        "ari": metrics.adjusted_rand_score(classes, clusters),
        "pairwise_f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
    }
    assert agreement(classes, clusters) == pytest.approx(theirs, abs=1e-9)


def exactly(classes: np.ndarray, clusters: np.ndarray) -> float:
    """E[I] with every probability a fraction: Vinh, Epps and Bailey 2010, eq. 24a."""
    n = len(classes)
    terms = []
    for a in np.bincount(classes).tolist():
        for b in np.bincount(clusters).tolist():
            for k in range(max(1, a + b - n), min(a, b) + 1):
                chance = Fraction(math.comb(b, k) * math.comb(n - b, a - k), math.comb(n, a))
                terms.append(float(chance) * k / n * math.log(n * k / (a * b)))
    return math.fsum(terms)


@pytest.mark.parametrize("seed", range(20))
def test_expected_information_equals_exact_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes, clusters = rng.integers(0, 9, 150), rng.integers(0, 12, 150)
    found = expected_mutual_information(contingency(classes, clusters))
    assert found == pytest.approx(exactly(classes, clusters), abs=1e-14)


def test_large_clusters_are_summed_where_the_probability_is() -> None:
    rng = np.random.default_rng(0)
    classes, clusters = rng.integers(0, 2, 600), rng.integers(0, 3, 600)
    found = expected_mutual_information(contingency(classes, clusters))
    assert found == pytest.approx(exactly(classes, clusters), rel=1e-12)


def test_the_same_partition_under_other_names_agrees_fully() -> None:
    classes = np.array([0, 0, 1, 1, 2])
    found = agreement(classes, -(2**40) * classes)
    assert list(found.values()) == pytest.approx([1.0] * 4)


def test_random_clusters_have_no_adjusted_agreement() -> None:
    rng = np.random.default_rng(0)
    found = agreement(rng.integers(0, 500, 1000), rng.integers(0, 500, 1000))
    assert found["nmi"] > 0.8
    assert abs(found["ami"]) < 0.05


@pytest.mark.parametrize(
    ("classes", "clusters", "wrong"),
    [
        ([0, 1, 2], [0], "clusters: 1 of them for 3 classes"),
        ([0], [0, 1, 2], "clusters: 3 of them for 1 classes"),
        ([0.5, 1.5], [0, 1], "classes must be integers, not float64"),
        ([0, 1], ["a", "b"], "clusters must be integers, not <U1"),
        ([[0, 1]], [0, 1], r"classes must have the shape \(samples,\), not \(1, 2\)"),
        ([], [], "classes: there is nothing to compare"),
    ],
)
def test_labels_that_cannot_be_compared_are_one_line(classes, clusters, wrong) -> None:
    with pytest.raises(UserError, match=wrong):
        agreement(np.array(classes), np.array(clusters))


@pytest.mark.parametrize("sizes", [(3, 4), (1, 97), (500, 313)])
def test_a_constant_labelling_tells_nothing(sizes) -> None:
    classes = np.repeat([0, 1], sizes)
    for pair in ((classes, np.zeros_like(classes)), (np.ones_like(classes), classes)):
        found = agreement(*pair)
        assert (found["nmi"], found["ami"]) == (0.0, 0.0)
        assert mutual_information(contingency(*pair)) == 0.0
