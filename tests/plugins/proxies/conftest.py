"""Embeddings of any length, and class vectors given outright."""

import pytest
import torch


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
