"""Eq. 5: a value known by hand, and torch's own triplet loss."""

import pytest
import torch
from bench_methods.guided.gemini_loss import Triplets, gemini_loss


def row(*values):
    return torch.tensor([values], dtype=torch.float64)


def drawn(count=5):
    draw = torch.Generator().manual_seed(0)
    local = [torch.randn(count, 6, dtype=torch.float64, generator=draw) for _ in range(2)]
    embedded = [torch.randn(count, 3, dtype=torch.float64, generator=draw) for _ in range(3)]
    return Triplets(*local, *embedded)


def test_the_loss_of_one_triplet():
    triplet = Triplets(row(1, 2), row(1, 0), row(0, 0), row(1, 0), row(0, 2))
    # Local distance 2; hinge 1 + 3 - 2 = 2.
    assert gemini_loss(triplet, beta=0.005, margin=3.0).item() == pytest.approx(2.0)
    assert gemini_loss(triplet, beta=1.0, margin=3.0).item() == pytest.approx(2.0)
    assert gemini_loss(triplet, beta=0.5, margin=4.0).item() == pytest.approx(2.5)


def test_without_beta_it_is_the_triplet_loss():
    triplets = drawn()
    theirs = torch.nn.TripletMarginLoss(margin=1.0, eps=0.0)
    expected = theirs(triplets.anchor, triplets.positive, triplets.negative)
    assert expected.item() > 0
    torch.testing.assert_close(gemini_loss(triplets, beta=0.0, margin=1.0), expected)


def test_a_triplet_that_holds_its_margin_costs_the_local_distance_alone():
    triplet = Triplets(row(0, 0), row(0, 3), row(0, 0), row(0, 0), row(9, 0))
    assert gemini_loss(triplet, beta=0.1, margin=1.0).item() == pytest.approx(0.3)


def test_coinciding_triplets_have_finite_gradients():
    ones = [torch.ones(2, 3, requires_grad=True) for _ in range(5)]
    gemini_loss(Triplets(*ones), beta=0.5, margin=1.0).backward()
    assert all(given.grad.isfinite().all() for given in ones)
