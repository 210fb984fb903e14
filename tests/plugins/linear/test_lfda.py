"""Local Fisher discriminants against the paper's sums over pairs, and what cannot matter."""

import math

import numpy as np
import pytest
from scipy.linalg import eig
from scipy.spatial.distance import cdist
from sklearn.datasets import load_wine

K = 3


def wine():
    """Classes of 4, 11 and 20, so that one has fewer neighbours than asked for and comes first."""
    bunch = load_wine()
    rows = [np.flatnonzero(bunch.target == name)[:size] for name, size in enumerate((3, 11, 20))]
    rows = np.concatenate(rows)
    return bunch.data[rows, :6].astype(np.float32).astype(np.float64), bunch.target[rows]


def scatters(points, labels):
    """S within and S between as the paper defines them: double sums over all pairs."""
    count, size = points.shape
    sizes = {name: int((labels == name).sum()) for name in set(labels)}
    scale = []
    for i in range(count):
        others = sorted(
            math.dist(points[i], points[j])
            for j in range(count)
            if j != i and labels[j] == labels[i]
        )
        scale.append(others[min(K, len(others)) - 1])
    within, between = np.zeros((size, size)), np.zeros((size, size))
    for i in range(count):
        for j in range(count):
            outer = np.outer(points[i] - points[j], points[i] - points[j]) / 2
            if labels[i] == labels[j]:
                n = sizes[labels[i]]
                alike = math.exp(-(math.dist(points[i], points[j]) ** 2) / (scale[i] * scale[j]))
                within += alike / n * outer
                between += alike * (1 / count - 1 / n) * outer
            else:
                between += outer / count
    return within, between


def distances(read_out, features, labels, **given):
    _, embeddings = read_out("lfda", features, labels, neighbours=K, **given)
    return cdist(embeddings, embeddings)


def test_it_is_the_paper_s_generalised_eigenproblem(read_out):
    from bench_methods.linear.whitening import Whitening

    features, labels = wine()
    given = Whitening.of(features, features.shape[1])(features)
    within, between = scatters(given, labels)
    values, vectors = eig(between, within)
    values, vectors = values.real, vectors.real
    vectors = vectors / np.sqrt(np.einsum("ij,ik,kj->j", vectors, within, vectors))
    expected = given @ (vectors * np.sqrt(values.clip(min=0)))
    found = distances(read_out, features, labels)
    assert np.allclose(found, cdist(expected, expected), rtol=1e-3, atol=1e-3 * found.max())


def test_the_order_of_rows_does_not_matter(read_out):
    features, labels = wine()
    order = np.random.default_rng(0).permutation(len(labels))
    found = distances(read_out, features[order], labels[order])
    expected = distances(read_out, features, labels)[np.ix_(order, order)]
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3 * found.max())


@pytest.mark.parametrize("renamed", [[2, 1, 0], [1, 2, 0]])
def test_the_names_of_classes_do_not_matter(read_out, renamed):
    features, labels = wine()
    found = distances(read_out, features, np.array(renamed)[labels])
    expected = distances(read_out, features, labels)
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3 * found.max())


def test_samples_that_coincide_leave_it_finite(read_out):
    features, labels = wine()
    features[labels == 1] = features[labels == 1][0]
    assert np.isfinite(distances(read_out, features, labels)).all()
