"""What commands do before they train: check names, load the data, plan the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from harness.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from harness.data.dataset import Dataset
    from harness.execution.plan import Entrant, Plan
    from harness.execution.run import Bench
    from harness.protocol import Protocol
    from harness.reading import Reading
    from harness.registry import Registry


def say_waiting() -> None:
    """Say that another process writes to the store."""
    typer.echo("bench: another bench run writes to this store: waiting for it to end", err=True)


def report_problems(registry: Registry) -> None:
    """Say which plugins could not be loaded, a line each."""
    for problem in registry.problems:
        typer.echo(f"bench: {problem}", err=True)


@dataclass(frozen=True)
class OwnData:
    """A person's own data, and the override that turns a protocol to them."""

    dataset: Dataset
    override: str


def read_own(path: Path, reading: Reading) -> OwnData:
    """Read data by their path, and say how they were read and will be split, a line each."""
    from harness.data.own import fitting_split, load_path
    from harness.protocol.own_data import own_data

    dataset = load_path(path, reading)
    fit = fitting_split(dataset)
    for note in dataset.notes:
        typer.echo(f"{dataset.name}: {note}", err=True)
    typer.echo(f"{dataset.name}: {fit.reason}", err=True)
    return OwnData(dataset, own_data(dataset.name, fit.kind))


def check_names(
    registry: Registry, rules: Protocol, names: Sequence[str], *, own: bool = False
) -> None:
    """Raise UserError for a method, dataset, backbone or weights that are not there."""
    if not names:
        raise UserError("--methods: names no method (give names separated by commas, or 'all')")
    for name in names:
        if name != "all":
            registry.method(name)
    if not own:
        registry.dataset(rules.dataset)
    registry.backbone(rules.backbone.name).item.weights_named(rules.backbone.weights)


def prepare(
    registry: Registry,
    rules: Protocol,
    entrants: Sequence[Entrant],
    *,
    seeds: int | None,
    device: torch.device,
    own: OwnData | None = None,
) -> tuple[Bench, Plan]:
    """Load the data and plan the runs."""
    from harness.data.loading import load_dataset
    from harness.execution.plan import make_plan, trunk_code
    from harness.execution.run import Bench

    wanted = rules.replicates if seeds is None else seeds
    if wanted > rules.replicates:
        raise UserError(
            f"--seeds {wanted}: protocol '{rules.name}' has {rules.replicates} replicates "
            f"(allowed: 1..{rules.replicates})"
        )
    weights = registry.backbone(rules.backbone.name).item.weights_named(rules.backbone.weights)
    if weights is not None:
        weights.require()
    dataset = load_dataset(registry, rules.dataset) if own is None else own.dataset
    bench = Bench(registry=registry, protocol=rules, dataset=dataset, device=device)
    trunk = trunk_code(registry, rules.backbone)
    return bench, make_plan(rules, dataset.digest, entrants, wanted, trunk=trunk)
