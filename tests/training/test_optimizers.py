"""Optimizers by the protocol's names, one group an owner."""

from __future__ import annotations

import pytest
import torch

from harness.models.backbone import Backbone
from harness.models.convnet import MLP
from harness.protocol.model import OptimizerRule, OptimizerRules
from harness.training.optimizers import build_optimizers


def rule(name: str, rate: float = 0.1) -> OptimizerRule:
    return OptimizerRule(name=name, learning_rate=rate, weight_decay=0.0, momentum=0.5)


def backbone() -> Backbone:
    return Backbone(MLP(4, 3), 2, normalize=True)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_owner_has_its_own_learning_rate(name):
    rules = OptimizerRules(trunk=rule(name, 0.1), head=rule(name, 0.2), objective=rule(name, 0.3))
    (optimizer,) = build_optimizers(rules, backbone(), torch.nn.Linear(2, 2))
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2, 0.3]


def test_an_objective_without_parameters_has_no_group():
    rules = OptimizerRules(trunk=rule("adam"), head=rule("adam"), objective=rule("sgd"))
    assert len(build_optimizers(rules, backbone(), torch.nn.Identity())) == 1


def test_momentum_is_used_by_sgd():
    rules = OptimizerRules(trunk=rule("sgd"), head=rule("sgd"), objective=rule("sgd"))
    (optimizer,) = build_optimizers(rules, backbone(), torch.nn.Identity())
    assert {group["momentum"] for group in optimizer.param_groups} == {0.5}


def test_a_step_moves_the_weights_of_every_owner():
    network, objective = backbone(), torch.nn.Linear(2, 1)
    rules = OptimizerRules(trunk=rule("adam"), head=rule("rmsprop"), objective=rule("sgd"))
    optimizers = build_optimizers(rules, network, objective)
    before = [w.detach().clone() for w in (*network.parameters(), *objective.parameters())]
    objective(network(torch.randn(8, 4))).square().sum().backward()
    for optimizer in optimizers:
        optimizer.step()
    after = [*network.parameters(), *objective.parameters()]
    assert not any(map(torch.equal, before, after))


def test_gradients_are_cut_by_value_where_the_rule_says_so():
    cut = rule("sgd").model_copy(update={"clip_value": 0.01, "momentum": 0.0})
    rules = OptimizerRules(trunk=rule("sgd"), head=cut, objective=rule("sgd"))
    network = backbone()
    (optimizer,) = build_optimizers(rules, network, torch.nn.Identity())
    for weight in network.parameters():
        weight.grad = torch.full_like(weight, -5.0)
    before = network.head.weight.detach().clone()
    optimizer.step()
    assert {weight.grad.min().item() for weight in network.trunk.parameters()} == {-5.0}
    torch.testing.assert_close(network.head.weight - before, torch.full_like(before, 0.1 * 0.01))
