"""Prototypical networks on a batch: prototypes, queries, and batches that have none."""

import math
from dataclasses import replace

import pytest
import torch
from bench_methods.proxies.prototypical_loss import PrototypicalLoss

from harness.testing import toy_batch, toy_context

T4 = (0, 30, 90, 150)
LABELS = torch.tensor([0, 0, 1, 1])


def test_the_first_of_each_class_supports_and_the_second_asks(at_angles):
    loss = PrototypicalLoss()(at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(0.227859953, abs=1e-9)


def test_one_shot_is_the_softmax_over_nearest_neighbours(at_angles):
    loss = PrototypicalLoss()(at_angles(0, 90, 60), torch.tensor([0, 1, 1]))
    near, far = 2 - 2 * math.cos(math.radians(30)), 2 - 2 * math.cos(math.radians(60))
    assert loss.item() == pytest.approx(math.log1p(math.exp(near - far)))


def test_a_prototype_is_the_mean_of_every_other_sample_of_its_class():
    embeddings = torch.tensor([[0.0], [9.0], [2.0], [1.0], [5.0], [4.0]], dtype=torch.float64)
    loss = PrototypicalLoss()(embeddings, torch.tensor([0, 1, 0, 0, 0, 1]))
    # Class 0 supports with 0 and 1 and asks with 2 and 5; class 1 supports with 9, asks with 4.
    queries = [(2.0, 0.5, 9.0), (5.0, 0.5, 9.0), (4.0, 9.0, 0.5)]
    expected = [
        math.log1p(math.exp((q - own) ** 2 - (q - other) ** 2)) for q, own, other in queries
    ]
    assert loss.item() == pytest.approx(sum(expected) / 3)


def test_a_shift_of_all_embeddings_does_not_matter(at_angles):
    first, second = (
        PrototypicalLoss()(at_angles(*T4) + shift, LABELS).item() for shift in (0.0, 7.0)
    )
    assert first == pytest.approx(second)


def test_a_batch_without_queries_has_a_zero_loss_with_a_gradient(at_angles):
    embeddings = at_angles(*T4).requires_grad_()
    loss = PrototypicalLoss()(embeddings, torch.arange(4))
    loss.backward()
    assert (loss.item(), embeddings.grad.abs().sum().item()) == (0.0, 0.0)


def test_distances_are_scaled_where_embeddings_are_normalised_alone(named, at_angles):
    def loss(scale, *, normalized):
        method, context = named["prototypical"], toy_context(normalized=normalized)
        objective = method.objective(method.point({"softmax_scale": scale}), context)
        batch = replace(toy_batch(), inputs=at_angles(*T4), labels=LABELS)
        return objective(batch, lambda inputs: inputs).item()

    scaled = PrototypicalLoss(3.0)(at_angles(*T4), LABELS).item()
    assert loss(3.0, normalized=True) == pytest.approx(scaled)
    assert loss(3.0, normalized=False) == pytest.approx(0.227859953, abs=1e-9)
