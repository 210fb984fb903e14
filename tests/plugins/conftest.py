"""First-party methods as an author would call them: on embeddings given outright."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
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
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """All that stands here needs the methods."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.methods)


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


STEP = 1e-6


def _value_and_gradients(objective, loss_on, embeddings, labels):
    """The loss, its gradient in the embeddings, and those in the objective's parameters."""
    given = embeddings.clone().requires_grad_()
    loss = loss_on(objective, given, labels)
    loss.backward()
    own = {name: p.grad.numpy() for name, p in objective.loss.named_parameters()}
    return loss.item(), given.grad.numpy(), own


def _slope(function, array, place):
    """The central difference of a function of an array at one of its places."""
    values = []
    for step in (STEP, -STEP):
        moved = array.copy()
        moved[place] += step
        values.append(function(moved))
    return (values[0] - values[1]) / (2 * STEP)


def _assert_derived(objective, loss_on, embeddings, labels, formula, *, atol):
    """`formula(embeddings, parameters)` in numpy has the loss's value and gradients."""
    own = {n: p.detach().double().numpy() for n, p in objective.double().loss.named_parameters()}
    rows = embeddings.double().numpy()
    value, gradient, slopes = _value_and_gradients(objective, loss_on, embeddings.double(), labels)
    np.testing.assert_allclose(value, formula(rows, own), rtol=1e-6, atol=1e-9)
    draw = np.random.default_rng(0)
    for _ in range(12):
        place = tuple(int(draw.integers(size)) for size in rows.shape)
        expected = _slope(lambda moved: formula(moved, own), rows, place)
        np.testing.assert_allclose(gradient[place], expected, rtol=1e-4, atol=atol)
    for name, parameter in own.items():
        for _ in range(6):
            place = tuple(int(draw.integers(size)) for size in parameter.shape)
            expected = _slope(
                lambda moved, n=name: formula(rows, {**own, n: moved}), parameter, place
            )
            np.testing.assert_allclose(slopes[name][place], expected, rtol=1e-4, atol=atol)
    assert np.abs(gradient).max() > 0


@pytest.fixture
def assert_derived(loss_on):
    """Compare a loss with `formula(embeddings, parameters)` in numpy: value, and gradient by steps.

    Called with an Objective, embeddings, labels and the formula.
    """

    def assert_derived(objective, embeddings, labels, formula, *, atol=1e-7):
        _assert_derived(objective, loss_on, embeddings, labels, formula, atol=atol)

    return assert_derived


@pytest.fixture
def mix_at(monkeypatch):
    """Put a constant in place of every share that is drawn to mix two things."""

    def mix_at(share):
        class Constant:
            def __init__(self, *_):
                pass

            def sample(self, shape=()):
                return torch.full(tuple(shape), share, dtype=torch.float64)

        monkeypatch.setattr(torch.distributions, "Beta", Constant)
        monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.full(size, share))

    return mix_at
