"""What a run starts from: the data as its trunk wants them, and the trunk's initial weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from harness.apart.trunk import TrunkApart
from harness.data.augmentation import middle_window
from harness.data.parts import Vault
from harness.data.splits import Split
from harness.models.backbone import Backbone, Trunk, build_backbone
from harness.models.weights import given_standardisation, starting_trunk
from harness.registry import Reference

if TYPE_CHECKING:
    from harness.execution.run import Bench


def open_vault(bench: Bench, split: Split) -> Vault:
    """The dataset cut by a split, with its inputs as the protocol and the trunk's weights say."""
    rules = bench.protocol
    source = bench.registry.backbone(rules.backbone.name).item
    weights = source.weights_named(rules.backbone.weights)
    return Vault(
        bench.dataset,
        split,
        bench.device,
        raw=rules.quirks is not None and rules.quirks.raw_training_inputs,
        window=middle_window(rules.augmentation),
        given=None if weights is None else given_standardisation(weights, bench.dataset),
    )


def start_backbone(bench: Bench, *, fold: int, seed: int, members: int = 1) -> Backbone:
    """Build the protocol's backbone on the CPU, with the weights that it starts from."""
    rules = bench.protocol
    source = bench.registry.backbone(rules.backbone.name).item
    build: Callable[[tuple[int, ...]], Trunk]
    if isinstance(source.build, Reference):
        build = partial(TrunkApart, source, rules.backbone)
    else:
        build = starting_trunk(source, source.weights_named(rules.backbone.weights))
    return build_backbone(
        build,
        rules.backbone,
        trunk_inputs(bench),
        fold=fold,
        seed=seed,
        members=members,
    )


def trunk_inputs(bench: Bench) -> tuple[int, ...]:
    """The shape of one input of the trunk."""
    rules = bench.protocol
    weights = bench.registry.backbone(rules.backbone.name).item.weights_named(
        rules.backbone.weights
    )
    shape = middle_window(rules.augmentation).shape(tuple(bench.dataset.inputs.shape[1:]))
    return shape if weights is None else (len(weights.mean), *shape[1:])
