"""Toy texts: vectors whose classes lie in half of the dimensions, among noise in the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from harness import Method
from harness.data.dataset import Dataset
from harness.execution.executor import Bench
from harness.execution.plan import Entrant
from harness.protocol import load_protocol
from harness.registry import Origin, RegisteredMethod, core_registry

CLASSES, EACH = 10, 24


@pytest.fixture(scope="session")
def texts() -> Dataset:
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), EACH)
    places = draw.normal(size=(CLASSES, 8))[labels]
    noise = draw.normal(size=(len(labels), 16)) * np.repeat([0.4, 1.2], 8)
    vectors = noise + np.pad(places, ((0, 0), (0, 8)))
    return Dataset(
        name="toy-texts",
        inputs=vectors.astype(np.float32),
        labels=labels,
        class_names=tuple(f"class {one}" for one in range(CLASSES)),
        source="tests",
        licence="MIT",
    )


@pytest.fixture
def bench(texts: Dataset) -> Bench:
    """A bench of the core alone, on which heads learn for twenty steps."""
    rules = load_protocol(
        "user-corrected",
        overrides=[
            "training.steps=20",
            "training.steps_per_epoch=10",
            "training.batch_size=16",
            "selection.every=10",
            "backbone.embedding_size=16",
        ],
    )
    return Bench(core_registry(), rules, texts, torch.device("cpu"))


@pytest.fixture
def entrant() -> Callable[[Method], Entrant]:
    def of(method: Method) -> Entrant:
        origin = Origin("tests", "tests", "0", Path(__file__))
        return Entrant(RegisteredMethod(method, origin), method.defaults(), "default")

    return of
