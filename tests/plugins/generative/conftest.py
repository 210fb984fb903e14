"""Semi-supervised methods trained for a few steps on the toy."""

from dataclasses import replace

import pytest
import torch

from harness.testing import ToyRun, toy_batch

STEPS_PER_EPOCH, STEPS = 3, 6


@pytest.fixture
def train():
    """Losses and final backbone weights of six steps, two epochs, of a method on the toy.

    `batch`: called with each fully labelled toy batch, returns what the method gets. `name`: the
    name whose random stream the method draws from.
    """

    def train(method, hyperparameters=None, *, batch=lambda batch: batch, name="any"):
        run = ToyRun(replace(method, name=name), hyperparameters)
        weights = [*run.embed.backbone.parameters(), *run.objective.parameters()]
        optimizer = torch.optim.Adam(weights, lr=0.01)
        losses = []
        for step in range(STEPS):
            if step == STEPS_PER_EPOCH:
                run.begin_epoch(1)
            optimizer.zero_grad()
            loss = run.loss(step, batch=batch(toy_batch(step=step)))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses, [weight.detach().clone() for weight in run.embed.backbone.parameters()]

    return train


@pytest.fixture
def joint():
    """Hyperparameters under which every step has both losses, for a method by name."""

    def joint(method):
        return {"schedule": "joint"} if "schedule" in method.space else {}

    return joint
