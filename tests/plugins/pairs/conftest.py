"""Losses on embeddings given outright, normalised or not."""

from dataclasses import replace

import pytest
import torch

from harness.method.objective import Outputs
from harness.testing import toy_batch


class Given:
    """An `Embed` that takes its inputs for embeddings."""

    def __call__(self, inputs):
        return inputs

    def features(self, inputs):
        return inputs

    def outputs(self, inputs):
        return Outputs(inputs, inputs, inputs)


@pytest.fixture
def loss_on():
    """The loss of an Objective on given embeddings, labels and, where needed, relevance."""

    def loss_on(objective, embeddings, labels, relevance=None):
        labels = torch.as_tensor(labels)
        batch = replace(
            toy_batch(),
            inputs=embeddings,
            labels=labels,
            known=torch.ones(len(embeddings), dtype=torch.bool),
            indices=torch.arange(len(embeddings)),
            relevance=relevance,
        )
        return objective(batch, Given())

    return loss_on


@pytest.fixture
def scattered():
    """Float64 embeddings, (B, 5), of unit length, for labels: near their class, with noise."""

    def scattered(labels, seed=0):
        draw = torch.Generator().manual_seed(seed)
        labels = torch.as_tensor(labels)
        centers = torch.randn(int(labels.max()) + 1, 5, generator=draw, dtype=torch.float64)
        noise = torch.randn(len(labels), 5, generator=draw, dtype=torch.float64)
        return torch.nn.functional.normalize(centers[labels] + noise, dim=1)

    return scattered
