"""Embeddings of unit length for losses on pairs and tuples."""

import pytest
import torch


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
