"""The covariance of two embeddings as a vector."""

from __future__ import annotations

from torch import Tensor


def covariance(first: Tensor, second: Tensor) -> Tensor:
    """Products of deviations from each embedding's own mean: two float (..., q) to one.

    Eq. 2 of the paper: the terms of the covariance over coordinates, not divided by q - 1.
    """
    deviations = (vector - vector.mean(dim=-1, keepdim=True) for vector in (first, second))
    left, right = deviations
    return left * right
