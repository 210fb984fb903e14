"""NT-Xent row by row: the library's value and gradient, and its edges."""

import math

import pytest
import torch
from bench_methods.pairs.ntxent_loss import NTXentLoss
from pytorch_metric_learning import losses


def embeddings_and_labels(rows=24):
    draw = torch.Generator().manual_seed(0)
    embeddings = torch.randn(rows, 6, generator=draw, dtype=torch.float64)
    return embeddings.requires_grad_(), torch.arange(rows) % 5


@pytest.mark.parametrize("temperature", [100.0, 1.0, 0.07])
def test_value_and_gradient_are_those_of_the_library(temperature):
    gradients = []
    for loss in (NTXentLoss(temperature), losses.NTXentLoss(temperature)):
        embeddings, labels = embeddings_and_labels()
        value = loss(embeddings, labels)
        value.backward()
        gradients.append((value.detach(), embeddings.grad))
    torch.testing.assert_close(gradients[0], gradients[1])


def test_one_positive_against_one_negative_by_hand(at_angles):
    # The cosines are 1/2 and 0, whichever of the pair is the anchor.
    embeddings = at_angles(0, 60, -90)
    loss = NTXentLoss(0.5)(embeddings, torch.tensor([0, 0, 1]))
    to_other = math.cos(math.radians(150))
    expected = math.log(1 + math.exp(2 * (0 - 0.5))) + math.log(1 + math.exp(2 * (to_other - 0.5)))
    assert loss.item() == pytest.approx(expected / 2)


def test_a_tiny_temperature_still_has_a_gradient():
    embeddings, labels = embeddings_and_labels()
    loss = NTXentLoss(1e-4)(embeddings, labels)
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.abs().sum() > 0


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]], ids=["no negatives", "no positives"])
def test_a_batch_without_pairs_has_zero_loss_and_finite_gradient(labels):
    embeddings = torch.eye(3).requires_grad_()
    loss = NTXentLoss(0.1)(embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.item() == pytest.approx(0.0)
    assert embeddings.grad.isfinite().all()
