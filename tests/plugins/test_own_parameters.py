"""Parameters of the losses themselves: there, trained, and drawn from the run's seed."""

import pytest
import torch

from harness.testing import toy_batch

SHAPES = {
    "proxy-nca": (8, 12),
    "margin": (1,),
    "margin-per-class": (8,),
    "normalized-softmax": (12, 8),
    "cosface": (12, 8),
    "arcface": (12, 8),
    "soft-triple": (12, 80),
}
DRAWN = sorted(set(SHAPES) - {"margin", "margin-per-class"})


def built(build, name, seed=0):
    return build(name, classes=8, embedding_size=12, seed=seed)


@pytest.mark.parametrize("name", SHAPES)
def test_a_loss_owns_the_parameters_it_should(build, name):
    shapes = [tuple(parameter.shape) for parameter in built(build, name).parameters()]
    assert shapes == [SHAPES[name]]


@pytest.mark.parametrize("name", SHAPES)
def test_its_parameters_receive_gradient(build, loss_on, name):
    objective, batch = built(build, name), toy_batch()
    loss_on(objective, batch.inputs, batch.labels).backward()
    (parameter,) = objective.parameters()
    assert parameter.grad.any()


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_draws_other_weights(build, name):
    (first,), (second,) = (built(build, name, seed).parameters() for seed in (0, 1))
    assert not torch.equal(first, second)


def test_losses_that_declare_no_parameters_have_none(named, build):
    others = [m.name for m in named.values() if m.trained and m.parameters == "0"]
    assert [len(list(built(build, name).parameters())) for name in others] == [0] * len(others)
