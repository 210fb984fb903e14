"""Linear readouts against the libraries' own transforms, and what holds for each of them."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from bench_methods.linear import METHODS
from bench_methods.linear.whitening import Whitening
from scipy.spatial.distance import cdist
from sklearn.datasets import load_iris, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis

NAMES = [method.name for method in METHODS]
USABLE = [method.name for method in METHODS if all(map(find_spec, method.requires))]
OURS = ("pca-whitening", "lda", "nca", "lfda", "multi-task-lmnn")
EXTRA = sorted(name for name in NAMES if name not in OURS)
SEED = int(torch.randint(2**31, (1,), generator=torch.Generator().manual_seed(0)))


def iris():
    bunch = load_iris()
    return bunch.data.astype(np.float32).astype(np.float64), bunch.target


def wine():
    """Every third sample: 60 in 13 dimensions."""
    bunch = load_wine()
    return bunch.data[::3].astype(np.float32).astype(np.float64), bunch.target[::3]


def whitened(features, labels):
    """What a fit gets: as many axes as there are, less one a class."""
    return Whitening.of(features, len(features) - len(set(labels)))(features)


def squared_distances(points):
    return cdist(points, points, "sqeuclidean")


def of_metric_learn(name, features, labels):
    """The library's own estimator at our defaults, fitted; the seed is the run's."""
    library = pytest.importorskip("metric_learn")
    random = {"random_state": SEED}
    pairs = int(sum(n * (n - 1) for n in np.bincount(labels))) // 4
    estimators = {
        "lmnn": lambda: library.LMNN(n_neighbors=3, max_iter=30, n_components=width, **random),
        "itml": lambda: library.ITML_Supervised(
            n_constraints=min(2000, pairs), max_iter=30, **random
        ),
        "lsml": lambda: library.LSML_Supervised(n_constraints=min(4000, pairs), **random),
        "mmc": lambda: library.MMC_Supervised(n_constraints=min(1000, pairs), max_iter=5, **random),
    }
    width = features.shape[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimators[name]().fit(features, labels)


@pytest.mark.parametrize("data", [iris, wine])
def test_pca_whitening_measures_the_distance_of_mahalanobis(read_out, data):
    features, labels = data()
    _, embeddings = read_out("pca-whitening", features, labels)
    inverse = np.linalg.inv(np.cov(features.T))
    expected = cdist(features, features, "mahalanobis", VI=inverse)
    assert np.allclose(cdist(embeddings, embeddings), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("data", [iris, wine])
def test_lda_is_the_transform_of_scikit_learn(read_out, data):
    features, labels = data()
    lda = LinearDiscriminantAnalysis(solver="eigen").fit(features, labels)
    _, embeddings = read_out("lda", features, labels)
    expected = lda.transform(features)
    assert embeddings.shape == expected.shape == (len(features), 2)
    distances, others = squared_distances(embeddings), squared_distances(expected)
    assert np.allclose(distances, others, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("data", [iris, wine])
def test_nca_is_the_transform_of_scikit_learn(read_out, data):
    features, labels = data()
    given = whitened(features, labels)
    width = given.shape[1]
    nca = NeighborhoodComponentsAnalysis(n_components=width, max_iter=20, random_state=SEED)
    expected = nca.fit(given, labels).transform(given)
    _, embeddings = read_out("nca", features, labels)
    assert np.allclose(embeddings, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["lmnn", "itml", "lsml", "mmc"])
def test_a_mahalanobis_method_measures_the_distance_that_the_library_learned(read_out, name):
    features, labels = wine()
    given = whitened(features, labels)
    metric = of_metric_learn(name, given, labels).get_mahalanobis_matrix()
    options = {"weight": 1.0} if name == "lsml" else {}
    _, embeddings = read_out(name, features, labels, **options)
    difference = given[:, None] - given
    expected = np.einsum("ijk,kl,ijl->ij", difference, metric, difference)
    tolerance = 1e-3 * expected.max()
    assert np.allclose(squared_distances(embeddings), expected, rtol=1e-3, atol=tolerance)


@pytest.mark.parametrize("name", ["lmnn", "itml", "lsml", "mmc"])
def test_the_library_learns_a_positive_semidefinite_metric_and_its_square_root(name):
    features, labels = (part[::3] for part in iris())
    estimator = of_metric_learn(name, features, labels)
    metric, components = estimator.get_mahalanobis_matrix(), estimator.components_
    assert np.linalg.eigvalsh(metric).min() >= -1e-9 * np.linalg.norm(metric)
    assert np.allclose(components.T @ components, metric)


def test_rca_on_whole_classes_whitens_what_varies_within_them(read_out):
    pytest.importorskip("metric_learn")
    features, labels = iris()
    few = np.concatenate([np.flatnonzero(labels == name)[:16] for name in range(3)])
    _, embeddings = read_out("rca", features[few], labels[few], chunk_size=16)
    means = np.stack([embeddings[labels[few] == name].mean(axis=0) for name in range(3)])
    within = np.cov((embeddings - means[labels[few]]).T, bias=True)
    assert np.allclose(within, np.eye(4), atol=1e-3)


@pytest.mark.parametrize("name", USABLE)
def test_the_same_seed_gives_the_same_readout_whatever_else_was_drawn(read_out, name):
    features, labels = wine()
    first, _ = read_out(name, features, labels, seed=3)
    torch.rand(5)
    np.random.random(5)
    second, _ = read_out(name, features, labels, seed=3)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", USABLE)
@pytest.mark.parametrize("size", [2, 5])
def test_a_readout_is_no_wider_than_the_embedding(read_out, name, size):
    features, labels = wine()
    matrix, _ = read_out(name, features, labels, embedding_size=size)
    assert matrix.shape[0] <= size
    assert matrix.shape[1] == 13
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize("name", USABLE)
def test_a_readout_is_as_wide_as_asked_for(read_out, name):
    features, labels = wine()
    matrix, _ = read_out(name, features, labels, components=2)
    assert matrix.shape == (2, 13)


@pytest.mark.parametrize("name", USABLE)
def test_features_in_other_units_have_the_same_neighbours(read_out, name):
    features, labels = wine()
    _, embeddings = read_out(name, features, labels)
    _, scaled = read_out(name, 4 * features, labels)
    one, other = (
        KNeighborsClassifier(5).fit(points, labels).kneighbors(points, return_distance=False)
        for points in (embeddings, scaled)
    )
    assert np.array_equal(one, other)


@pytest.mark.parametrize("name", sorted(set(USABLE) - {"pca-whitening"}))
def test_neighbours_are_more_often_of_one_class_than_among_the_features(read_out, name):
    features, labels = wine()
    _, embeddings = read_out(name, features, labels)

    def precision(points):
        distances = squared_distances(points)
        np.fill_diagonal(distances, np.inf)
        return (labels[distances.argmin(axis=1)] == labels).mean()

    assert precision(embeddings) >= precision(features) + 0.1


@pytest.mark.parametrize("name", USABLE)
def test_dead_features_and_a_class_of_one_are_no_obstacle(read_out, name):
    features, labels = wine()
    dead = np.concatenate([features, np.zeros((len(features), 2))], axis=1)
    lone = labels.copy()
    lone[0] = 3
    matrix, embeddings = read_out(name, dead, lone, embedding_size=8)
    assert not matrix[:, -2:].any()
    assert np.isfinite(embeddings).all()


@pytest.mark.parametrize("name", USABLE)
def test_nothing_warns(read_out, name):
    features, labels = wine()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_out(name, features, labels)


def test_what_metric_learn_computes_says_what_it_needs(named):
    assert sorted(name for name in NAMES if "metric_learn" in named[name].requires) == EXTRA


def test_pca_whitening_receives_no_labels(named):
    assert [name for name in NAMES if named[name].labels == "none"] == ["pca-whitening"]
