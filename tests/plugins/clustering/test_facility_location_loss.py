"""Structured clustering: values known by hand, and what the loss is made of."""

from itertools import combinations

import pytest
import torch
from bench_methods.clustering.facility_location_loss import FacilityLocationLoss
from sklearn.metrics import normalized_mutual_info_score

LINE = torch.tensor([[0.0], [1.0], [1.8], [5.0]], dtype=torch.float64)
HALVES = torch.tensor([0, 0, 1, 1])


def exact(embeddings, labels, gamma):
    """The loss with its maximum over all sets of medoids, in loops."""
    d = torch.cdist(embeddings, embeddings)
    classes = labels.unique()
    scores = []
    for medoids in combinations(range(len(labels)), len(classes)):
        nearest = d[:, list(medoids)].min(dim=1)
        nmi = normalized_mutual_info_score(labels, nearest.indices)
        scores.append((gamma * (1 - nmi) - nearest.values.sum()).item())
    best = sum(d[labels == c][:, labels == c].sum(dim=0).min() for c in classes)
    return max(0.0, max(scores) + best.item())


@pytest.mark.parametrize(("gamma", "expected"), [(1.0, 3.056289), (4.0, 5.025156)])
def test_the_loss_on_a_line(gamma, expected):
    assert FacilityLocationLoss(gamma)(LINE, HALVES).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
def test_the_exact_maximum_is_an_upper_bound(gamma):
    for seed in range(20):
        draw = torch.Generator().manual_seed(seed)
        points = torch.randn(6, 2, dtype=torch.float64, generator=draw)
        labels = torch.tensor([0, 0, 1, 1, 2, 2])
        found = FacilityLocationLoss(gamma)(points, labels).item()
        assert 0.0 <= found <= exact(points, labels, gamma) + 1e-9


def test_the_loss_is_zero_where_the_right_clustering_wins():
    apart = torch.tensor([[0.0], [0.1], [9.0], [9.1]], dtype=torch.float64)
    assert FacilityLocationLoss(1.0)(apart, HALVES).item() == 0.0


def test_the_margin_makes_a_right_clustering_win_clearly():
    apart = torch.tensor([[0.0], [0.1], [9.0], [9.1]], dtype=torch.float64)
    assert FacilityLocationLoss(100.0)(apart, HALVES).item() > 0.0


def test_gradient_flows_through_distances_alone():
    # With medoids 1 and 5 for S and, say, 0 and 1.8 for the classes, the loss is a constant less
    # (x1 - x0) + (x2 - x1) and more (x1 - x0) + (x3 - x2).
    points = LINE.clone().requires_grad_()
    FacilityLocationLoss(1.0)(points, HALVES).backward()
    assert points.grad.flatten().tolist() == [0.0, 1.0, -2.0, 1.0]


def test_a_batch_of_one_class_has_no_loss():
    assert FacilityLocationLoss(1.0)(LINE, torch.zeros(4, dtype=torch.long)).item() == 0.0
