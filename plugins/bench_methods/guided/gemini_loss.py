"""GEMINI's loss, Eq. 5 of the paper with M = d(anchor, positive) + margin."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Triplets(NamedTuple):
    """What the teacher gives for triplets: float (T, L) of a stream, float (T, d) embedded.

    `negative`: embeddings of another class, or with Eq. 6 any vectors to stay away from.
    """

    local_anchor: Tensor
    local_positive: Tensor
    anchor: Tensor
    positive: Tensor
    negative: Tensor


def gemini_loss(triplets: Triplets, *, beta: float, margin: float) -> Tensor:
    """beta d(f_a, f_p) + (1 - beta) [ d(g_a, g_p) + margin - d(g_a, g_n) ]+, the mean.

    The paper's Algorithm 1 leaves out the hinge of its Eq. 5; the authors' code has it.
    """
    local = _distance(triplets.local_anchor, triplets.local_positive)
    positive = _distance(triplets.anchor, triplets.positive)
    negative = _distance(triplets.anchor, triplets.negative)
    hinge = torch.relu(positive + margin - negative)
    return (beta * local + (1.0 - beta) * hinge).mean()


def _distance(first: Tensor, second: Tensor) -> Tensor:
    distance: Tensor = torch.linalg.vector_norm(first - second, dim=1)
    return distance
