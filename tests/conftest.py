"""Fixtures that several test folders share: a tiny image dataset and a bench that trains on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import Method, Objective
from harness.data.dataset import Attribute, Dataset
from harness.execution.plan import Entrant, PlannedRun, make_plan
from harness.execution.run import Bench, execute
from harness.protocol import Protocol, load_protocol
from harness.record import Record
from harness.registry import Origin, RegisteredMethod, load_registry

SHORT = [
    "training.steps=4",
    "training.steps_per_epoch=2",
    "training.batch_size=8",
    "training.samples_per_class=2",
    "selection.every=2",
    'training.compositions=["balanced", "one-per-class", "uniform"]',
]


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    """12 classes of 6 images, 1x8x8: much noise, and a faint stripe at a place of the class."""
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(12), 6).astype(np.int64)
    images = draw.integers(0, 150, (72, 1, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        stripe = image[0, label % 8] if label < 8 else image[0, :, label % 8]
        stripe += 80
    return Dataset(
        name="tiny",
        inputs=images,
        labels=labels,
        class_names=tuple(f"class {label}" for label in range(12)),
        source="tests/conftest.py",
        licence="MIT",
        attributes={"parity": Attribute(values=labels % 2, names=("even", "odd"))},
    )


@pytest.fixture(scope="session")
def short_protocol() -> Protocol:
    """The smoke protocol, cut down to four steps of eight images."""
    return load_protocol("smoke", overrides=SHORT)


@pytest.fixture
def bench(tiny_dataset: Dataset, short_protocol: Protocol) -> Bench:
    """A bench of the core alone on the tiny dataset."""
    registry = load_registry()
    registry.metrics.clear()
    return Bench(registry, short_protocol, tiny_dataset, torch.device("cpu"))


class SpreadObjective(Objective):
    """Pulls classes together and pushes them apart, by mean distances; differentiable and cheap."""

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        embeddings = embed(batch.inputs)
        distances = (embeddings[:, None] - embeddings[None, :]).square().sum(-1)
        same = batch.labels[:, None] == batch.labels[None, :]
        return distances[same].mean() - distances[~same].mean()


def method_of(objective: Callable[[], Objective], name: str = "toy", **declared: Any) -> Method:
    """A method that builds the given objective."""
    return Method(
        name=name,
        build=lambda _point, _context: objective(),
        summary="a method of the tests",
        reference="none",
        **declared,
    )


@pytest.fixture
def spread() -> Method:
    """A method that trains properly."""
    return method_of(SpreadObjective, "spread")


def plan_run(method: Method, bench: Bench, *, seed: int = 0, fold: int = 0) -> PlannedRun:
    """Plan one run of a method that is not installed."""
    origin = Origin("tests", "tests", "0", Path(__file__))
    entrant = Entrant(RegisteredMethod(method, origin), method.defaults(), "default")
    bench.registry.methods[method.name] = entrant.registered
    plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=seed + 1)
    return plan.replicates[seed].runs[fold]


@pytest.fixture
def run_method(bench: Bench) -> Callable[..., Record]:
    """Execute one run of a method on the tiny dataset; returns its Record."""

    def run(method: Method, *, seed: int = 0, fold: int = 0) -> Record:
        return execute(plan_run(method, bench, seed=seed, fold=fold), bench)[0]

    return run


@pytest.fixture
def make_method() -> Callable[..., Method]:
    """Make a method of an objective class."""
    return method_of


@pytest.fixture
def spread_objective() -> type[Objective]:
    """The objective of `spread`, to be misbehaved upon."""
    return SpreadObjective


@pytest.fixture
def planned(bench: Bench) -> Callable[..., PlannedRun]:
    """Plan one run on the tiny dataset."""
    return lambda method, **which: plan_run(method, bench, **which)
