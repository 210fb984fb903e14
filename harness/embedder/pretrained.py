"""A pretrained trunk as an embedder: its features, as they come."""

from __future__ import annotations

import torch

from harness.embedder.embedder import Embedder
from harness.errors import UserError
from harness.hookspecs import RANDOM
from harness.models import require_weights, standardisation_of_weights, starting_trunk
from harness.registry import Registry


def pretrained_embedder(
    registry: Registry, name: str, size: int, *, device: str = "cpu"
) -> Embedder:
    """The trunk's features of images 3 x size x size, from the first weights that it offers.

    UserError for a trunk that has random weights only, and where the weights are not at hand.
    """
    source = registry.backbone(name).item
    if not source.weights:
        raise UserError(
            f"backbone '{name}' has {RANDOM} weights only: nothing to embed with (name a run, or a "
            "file of bench export)"
        )
    weights = source.weights[0]
    require_weights(weights)
    shape = (len(weights.mean), size, size)
    on = torch.device(device)
    trunk = starting_trunk(source, weights)(shape).to(on)
    return Embedder(trunk, standardisation_of_weights(weights).to(on), shape, device=on)
