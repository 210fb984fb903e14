"""SupCon, Smooth-AP and the threshold-consistent margin, by hand and in a loop."""

import math

import pytest
import torch
from bench_methods.proxies.smooth_ap_loss import SmoothAPLoss

H4 = (0, 60, 40, 130)
M4 = (0, 40, 100, 130)
LABELS = [0, 0, 1, 1]


def cos(degrees):
    return math.cos(math.radians(degrees))


def test_supcon_averages_over_the_positives_of_an_anchor(build, loss_on, at_angles):
    angles, labels = (0, 60, 100, -90), [0, 0, 0, 1]
    expected = []
    for anchor in range(3):
        others = [other for other in range(4) if other != anchor]
        exponent = {other: cos(angles[anchor] - angles[other]) / 0.5 for other in others}
        total = math.log(sum(math.exp(value) for value in exponent.values()))
        expected.append(sum(total - exponent[other] for other in others if other != 3) / 2)
    loss = loss_on(build("supcon", {"temperature": 0.5}), at_angles(*angles), labels)
    assert loss.item() == pytest.approx(sum(expected) / 3)


def test_smooth_ap_of_sharp_comparisons_is_one_minus_average_precision(build, loss_on, at_angles):
    # Each query ranks first in its own list; its positive is third, third, fourth and third.
    precision = [(1 + 2 / 3) / 2, (1 + 2 / 3) / 2, (1 + 2 / 4) / 2, (1 + 2 / 3) / 2]
    loss = loss_on(build("smooth-ap", {"temperature": 1e-3}), at_angles(*H4), LABELS)
    assert loss.item() == pytest.approx(1 - sum(precision) / 4, abs=1e-9)


def test_smooth_ap_of_a_perfect_ranking_is_nearly_zero(build, loss_on, at_angles):
    loss = loss_on(build("smooth-ap"), at_angles(0, 10, 120, 130), LABELS)
    assert 0 <= loss.item() < 1e-9


def test_smooth_ap_takes_classes_of_unequal_size_in_any_order(scattered):
    labels = [0, 1, 0, 2, 1, 0]
    embeddings = torch.nn.functional.normalize(scattered(labels), dim=1)
    cosines, size = (embeddings @ embeddings.T).tolist(), len(labels)

    def rank(query, item, among):
        gaps = [cosines[query][j] - cosines[query][item] for j in among if j != item]
        return 1 + sum(1 / (1 + math.exp(-gap / 0.1)) for gap in gaps)

    losses = []
    for query in range(size):
        own = [j for j in range(size) if labels[j] == labels[query]]
        terms = [rank(query, i, own) / rank(query, i, range(size)) for i in own]
        losses.append(1 - sum(terms) / len(own))
    loss = SmoothAPLoss(0.1)(scattered(labels), torch.tensor(labels))
    assert loss.item() == pytest.approx(sum(losses) / size)


def test_the_consistent_margin_counts_the_pairs_that_violate_it(build, loss_on, at_angles):
    # Of the positives, 40 and 30 degrees apart, and the negatives, 60 degrees apart and more, one
    # kind each is beyond its margin.
    point = {"temperature": 0.1, "weight": 2.0, "pos_margin": 0.8, "neg_margin": 0.3}
    loss = loss_on(build("threshold-consistent-margin", point), at_angles(*M4), LABELS)
    base = loss_on(build("smooth-ap", {"temperature": 0.1}), at_angles(*M4), LABELS)
    expected = 2.0 * ((0.8 - cos(40)) + (cos(60) - 0.3))
    assert (loss - base).item() == pytest.approx(expected)


def test_the_consistent_margin_of_pairs_that_keep_it_is_zero(build, loss_on, at_angles):
    point = {"pos_margin": 0.7, "neg_margin": 0.6}
    embeddings = at_angles(*M4)
    loss = loss_on(build("threshold-consistent-margin", point), embeddings, LABELS)
    base = loss_on(build("smooth-ap"), embeddings, LABELS)
    assert loss.item() == base.item()
