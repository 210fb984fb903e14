"""First-party methods as an author would call them: on embeddings given outright."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.method.objective import Outputs
from harness.testing import toy_batch, toy_context

try:
    from bench_methods import METHODS
except ModuleNotFoundError:
    # Where only the core is installed, these tests have nothing to test.
    METHODS = ()
    collect_ignore_glob = ["*"]

NAMED = {method.name: method for method in METHODS}


@pytest.fixture
def named():
    """The methods of bench_methods by name."""
    return NAMED


@pytest.fixture
def build():
    """Build an Objective of a method by name, from a fixed seed."""

    def build(name, hyperparameters=None, *, classes=2, embedding_size=2, seed=0):
        torch.manual_seed(seed)
        context = toy_context(classes=classes, embedding_size=embedding_size)
        return NAMED[name].objective(NAMED[name].point(hyperparameters or {}), context)

    return build


class Given:
    """An `Embed` that takes its inputs for embeddings."""

    def __call__(self, inputs):
        return inputs

    def features(self, inputs):
        return inputs

    def outputs(self, inputs):
        return Outputs(inputs, inputs, inputs)


@pytest.fixture
def loss_on():
    """The loss of an Objective on given embeddings and labels, in the precision of these."""

    def loss_on(objective, embeddings, labels, relevance=None, step=0):
        batch = replace(
            toy_batch(),
            inputs=embeddings,
            labels=torch.as_tensor(labels),
            known=torch.ones(len(embeddings), dtype=torch.bool),
            indices=torch.arange(len(embeddings)),
            relevance=relevance,
            step=step,
        )
        return objective.to(embeddings.dtype)(batch, Given())

    return loss_on


@pytest.fixture
def at_angles():
    """Unit vectors at angles in degrees: float64 (N, 2)."""

    def at_angles(*degrees):
        radians = [math.radians(angle) for angle in degrees]
        return torch.tensor([[math.cos(a), math.sin(a)] for a in radians], dtype=torch.float64)

    return at_angles


@pytest.fixture(scope="session")
def third_party_site(tmp_path_factory):
    """A folder with tests/third_party installed in it: put it on PYTHONPATH of a subprocess."""
    site = tmp_path_factory.mktemp("third_party_site")
    project = Path(__file__).parents[1] / "third_party"
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--target", str(site)]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    subprocess.run([*command, str(project)], check=True, timeout=600)
    return site
