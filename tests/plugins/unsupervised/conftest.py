"""Two views given outright."""

from dataclasses import replace

import pytest
import torch

from harness.method.objective import Outputs
from harness.testing import toy_batch


class Given:
    """An `Embed` that takes its inputs for embeddings, doubled before normalisation."""

    def __call__(self, inputs):
        return inputs

    def outputs(self, inputs):
        return Outputs(inputs, 2 * inputs, inputs)


@pytest.fixture
def loss_on():
    """The loss of an Objective on two views of a batch without labels."""

    def loss_on(objective, first, second):
        batch = replace(
            toy_batch(),
            inputs=first,
            second=second,
            labels=None,
            known=torch.zeros(len(first), dtype=torch.bool),
            indices=torch.arange(len(first)),
        )
        return objective(batch, Given())

    return loss_on


@pytest.fixture
def views():
    """Float64 embeddings (6, 5) of random length, and the same with some noise."""
    draw = torch.Generator().manual_seed(0)
    first = torch.randn(6, 5, generator=draw, dtype=torch.float64)
    return first, first + 0.3 * torch.randn(6, 5, generator=draw, dtype=torch.float64)
