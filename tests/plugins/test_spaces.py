"""Spaces against the reality check's published search: ranges its union, defaults its medians."""

import math
import statistics

import pytest
from bench_methods import METHODS

# Best values on CUB200, Cars196, SOP and CUB200 with batches of 256, as published in
# powerful-benchmarker's mlrc.md; then the union of the ranges at the end of the searches.
PUBLISHED = {
    ("contrastive", "pos_margin"): ([-0.2, 0.26523, 0.28503, 0.22274], (-0.2, 2)),
    ("contrastive", "neg_margin"): ([0.38412, 0.54094, 0.51301, 0.76947], (-0.2, 2)),
    # The upper end is of Guided Deep Metric Learning, for embeddings that are not normalised.
    ("triplet", "margin"): ([0.096101, 0.11903, 0.045192, 0.13684], (-0.2, 3)),
    ("ntxent", "temperature"): ([0.0091033, 0.021926, 0.00024012, 0.041534], (1e-5, 1e2)),
    ("proxy-nca", "softmax_scale"): ([13.984, 7.9705, 10.734, 10.031], (0.01, 100)),
    ("margin", "margin"): ([0.087807, 0.078172, 0.091578, 0.067492], (-0.2, 2)),
    ("margin", "beta"): ([0.78387, 1.3164, 1.1072, 0.97623], (-0.2, 2)),
    ("margin-per-class", "margin"): ([0.077912, 0.077607, 0.051864, -0.02049], (-0.2, 2)),
    ("margin-per-class", "beta"): ([0.97967, 0.95989, 0.84246, 0.10978], (-0.2, 2)),
    ("normalized-softmax", "temperature"): ([0.10875, 0.088633, 0.063062, 0.070775], (1e-2, 1e2)),
    ("cosface", "margin"): ([0.61823, 0.43244, 0.33641, 0.41446], (0, 1)),
    ("cosface", "scale"): ([100, 161.6, 100, 88.234], (0.01, 200)),
    ("arcface", "margin"): ([23.226, 20.522, 18.632, 23.148], (0, 90)),
    ("arcface", "scale"): ([100, 49.502, 220.36, 78.866], (0.01, 300)),
    ("fastap", "num_bins"): ([17, 27, 16, 86], (2, 250)),
    ("snr-contrastive", "pos_margin"): ([0.3265, 0.16705, 0.37593, 0.11825], (0, 2)),
    ("snr-contrastive", "neg_margin"): ([0.84465, 0.93376, 1.0832, 0.68222], (0, 2)),
    ("snr-contrastive", "regularizer_weight"): ([0.13826, 2.4e-16, 5.6e-18, 0.47442], (0, 1)),
    ("multi-similarity", "alpha"): ([0.01, 14.359, 8.4925, 0.01], (0.001, 100)),
    ("multi-similarity", "beta"): ([50.602, 75.835, 57.389, 46.852], (0.01, 100)),
    ("multi-similarity", "base"): ([0.56248, 0.66156, 0.41674, 0.82531], (0, 1)),
    ("multi-similarity-miner", "alpha"): ([17.97, 7.4979, 15.947, 11.637], (1e-5, 100)),
    ("multi-similarity-miner", "beta"): ([75.663, 47.993, 156.62, 55.202], (0.01, 200)),
    ("multi-similarity-miner", "base"): ([0.77626, 0.63148, 0.72504, 0.8581], (0, 1)),
    ("multi-similarity-miner", "epsilon"): ([0.39401, 0.72575, 0.34828, 0.42315], (0, 1)),
    ("soft-triple", "la"): ([78.021, 17.698, 100, 72.125], (0.01, 200)),
    ("soft-triple", "gamma"): ([58.951, 19.187, 47.909, 51.079], (1e-5, 100)),
    ("soft-triple", "reg_weight"): ([0.37548, 0.066982, 0.44306], (0, 1)),
    ("soft-triple", "margin"): ([0.4308, 0.35882, 0.31453, 0.6959], (0, 1)),
}
SEARCHED = {name for name, _ in PUBLISHED}
SPACES = {
    (m.name, n): b
    for m in METHODS
    if m.name in SEARCHED
    for n, b in m.space.items()
    if n != "objective_rate"
}


def middle(values, *, log):
    if log:
        return math.exp(statistics.median(math.log(value) for value in values))
    return statistics.median(values)


def test_every_hyperparameter_is_one_that_the_reality_check_searched():
    assert set(SPACES) == set(PUBLISHED)


@pytest.mark.parametrize("key", PUBLISHED, ids=".".join)
def test_a_range_is_the_union_of_the_published_ones(key):
    assert (SPACES[key].low, SPACES[key].high) == PUBLISHED[key][1]


@pytest.mark.parametrize("key", [k for k in PUBLISHED if k[0] != "fastap"], ids=".".join)
def test_a_default_is_the_median_of_the_published_best_to_two_digits(key):
    expected = middle(PUBLISHED[key][0], log=key[1] == "temperature")
    assert SPACES[key].default == pytest.approx(float(f"{expected:.2g}"))


def test_the_default_bins_of_fastap_are_the_median_as_a_whole_number():
    assert SPACES["fastap", "num_bins"].default == statistics.median([17, 27, 16, 86])


FACTORS = {"temperature", "scale", "softmax_scale", "gamma", "la", "num_bins", "momentum"}
FACTORS |= {"rate", "objective_rate"}


def test_what_multiplies_is_searched_on_a_log_scale():
    spaces = {(m.name, n): b for m in METHODS for n, b in m.space.items() if n in FACTORS}
    multi = {key: bounds for key, bounds in SPACES.items() if key[0].startswith("multi")}
    spaces |= {key: bounds for key, bounds in multi.items() if key[1] in ("alpha", "beta")}
    linear = [key for key, bounds in spaces.items() if not bounds.log]
    # Of a softmax of weights, where 0 is a plain mean.
    assert linear == [("ranked-list", "temperature")]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_says_where_its_defaults_are_from(method):
    assert method.defaults_from != "unsaid"
    searched = method.name in SEARCHED | {"random-labels"}
    assert (method.defaults_from == "published search") == searched
    if method.defaults_from == "none":
        assert not method.space


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_who_trains_parameters_has_a_rate_for_them(method):
    assert ("objective_rate" in method.space) == (method.parameters != "0")


# What the papers print where the default is another, or where a range could have left it out.
PRINTED = [
    ("contrastive-squared", "margin", 1.0),
    ("triplet", "margin", 0.2),
    ("triplet", "margin", 3.0),  # Guided Deep Metric Learning, without normalisation
    ("triplet-batch-hard", "margin", 1.0),
    ("qwise", "margin", 1.0),
    ("n-pair", "l2", 0.002),
    ("n-pair", "samples_per_class", 2),
    ("angular", "angle", 45.0),
    ("lifted-structure", "neg_margin", 1.0),
    ("lifted-structure", "scale", 1.0),
    ("multi-similarity", "alpha", 2.0),
    ("multi-similarity", "beta", 50.0),
    ("ranked-list", "temperature", 10.0),
    ("circle", "gamma", 256.0),
    ("circle", "m", 0.25),
    ("ntxent-two-views", "temperature", 0.5),
    ("supcon", "temperature", 0.07),
    ("proxy-nca-original", "softmax_scale", 1.0),
    ("proxy-anchor", "alpha", 32.0),
    ("normalized-softmax", "temperature", 0.05),
    ("cosface", "scale", 64.0),
    ("arcface", "margin", 28.6),
    ("arcface", "scale", 64.0),
    ("sphereface", "margin", 4),
    ("large-margin-softmax", "margin", 4),
    ("soft-triple", "la", 20.0),
    ("soft-triple", "gamma", 10.0),
    ("center-loss", "weight", 0.003),
    ("manifold", "margin", 0.0005),
    ("manifold", "context_weight", 1.0),
    ("vicreg", "covariance", 1.0),
    ("pddm", "width", 512),
    ("dvml", "divergence_weight", 1.0),
    ("gemini", "margin", 3.0),
    ("hypergraph", "width", 512),
    ("potential-field", "per_class", 15),
    ("potential-field", "decay", 4.0),
    ("proxy-graph", "per_class", 12),
    ("happier", "clustering", 0.1),
]


@pytest.mark.parametrize(("method", "name", "value"), PRINTED)
def test_a_space_holds_what_the_paper_prints(named, method, name, value):
    assert named[method].space[name].check(value) == value
