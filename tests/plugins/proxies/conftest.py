"""Losses on embeddings given outright, in double precision."""

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
    """The loss of an Objective on given embeddings and labels, at a step."""

    def loss_on(objective, embeddings, labels, step=0):
        labels = torch.as_tensor(labels)
        batch = replace(
            toy_batch(),
            inputs=embeddings,
            labels=labels,
            known=torch.ones(len(embeddings), dtype=torch.bool),
            indices=torch.arange(len(embeddings)),
            step=step,
        )
        return objective.to(embeddings.dtype)(batch, Given())

    return loss_on


@pytest.fixture
def weighed(build):
    """An Objective whose class vectors are those given: float64 (C, D)."""

    def weighed(name, hyperparameters, vectors, *, classes=2):
        size = vectors.shape[1]
        objective = build(name, hyperparameters, classes=classes, embedding_size=size)
        ((parameter, own),) = objective.named_parameters()
        own.data = (vectors.T if parameter.endswith(".W") else vectors).clone()
        return objective

    return weighed


@pytest.fixture
def scattered():
    """Float64 embeddings, (B, 5), for labels: near their class, with noise, of any length."""

    def scattered(labels, seed=0):
        draw = torch.Generator().manual_seed(seed)
        labels = torch.as_tensor(labels)
        centers = torch.randn(int(labels.max()) + 1, 5, generator=draw, dtype=torch.float64)
        return centers[labels] + torch.randn(len(labels), 5, generator=draw, dtype=torch.float64)

    return scattered
