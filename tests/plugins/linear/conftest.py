"""Readouts of first-party linear methods on feature matrices given outright."""

import numpy as np
import pytest
import torch

from harness.testing import toy_context


class Matrix:
    """A view of a feature matrix, and an embed whose trunk is the identity."""

    def __init__(self, features, labels):
        self.features_given = torch.as_tensor(features, dtype=torch.float32)
        self.labels = None if labels is None else torch.as_tensor(np.asarray(labels))

    def __len__(self):
        return len(self.features_given)

    def inputs(self, indices):
        return self.features_given[indices]

    def features(self, inputs):
        return inputs


@pytest.fixture
def read_out(named):
    """The readout of a method by name: matrix float64 (k, F) and embeddings float64 (N, k)."""

    def read_out(name, features, labels, *, embedding_size=64, seed=0, **hyperparameters):
        method = named[name]
        seen = Matrix(features, None if method.labels == "none" else labels)
        generator = torch.Generator().manual_seed(seed)
        context = toy_context(embedding_size=embedding_size, generator=generator)
        objective = method.objective(method.point(hyperparameters), context)
        readout = objective.finish(seen, seen)
        matrix = readout.matrix.double().numpy()
        embeddings = features @ matrix.T + readout.offset.double().numpy()
        return matrix, embeddings

    return read_out
