"""The plain classifier."""

import math

import pytest
import torch
from bench_methods.baselines.linear_softmax import LinearSoftmax


def test_softmax_is_the_cross_entropy_of_a_linear_layer():
    loss = LinearSoftmax(2, 2)
    loss.classifier.load_state_dict(
        {"weight": torch.tensor([[1.0, 0.0], [0.0, 2.0]]), "bias": torch.tensor([0.0, 0.5])}
    )
    value = loss(torch.tensor([[3.0, 1.0]]), torch.tensor([0]))
    assert value.item() == pytest.approx(math.log1p(math.exp(2.5 - 3.0)))


def test_it_reads_the_embedding_before_normalisation(build):
    assert build("softmax", classes=3).unnormalized
