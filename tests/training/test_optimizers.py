"""Optimizers by the protocol's names, one group an owner."""

from __future__ import annotations

import pytest
import torch

from harness.models.backbone import Backbone
from harness.models.convnet import MLP
from harness.protocol.model import OptimizerRule, OptimizerRules
from harness.protocol.rules import ScheduleRule
from harness.training.optimizers import backbone_optimizers, objective_optimizers, set_rates


def rule(name: str, rate: float = 0.1) -> OptimizerRule:
    return OptimizerRule(name=name, learning_rate=rate, weight_decay=0.0, momentum=0.5)


def backbone() -> Backbone:
    return Backbone(MLP(4, 3), 2, normalize=True)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_owner_has_its_own_learning_rate(name):
    rules = OptimizerRules(trunk=rule(name, 0.1), head=rule(name, 0.2), objective=rule(name, 0.3))
    (optimizer,) = backbone_optimizers(rules, backbone())
    (own,) = objective_optimizers(rules, torch.nn.Linear(2, 2))
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2]
    assert [group["lr"] for group in own.param_groups] == [0.3]


def test_an_objective_without_parameters_has_no_optimizer():
    rules = OptimizerRules(trunk=rule("adam"), head=rule("adam"), objective=rule("sgd"))
    assert objective_optimizers(rules, torch.nn.Identity()) == []


def test_momentum_is_used_by_sgd():
    rules = OptimizerRules(trunk=rule("sgd"), head=rule("sgd"), objective=rule("sgd"))
    (optimizer,) = backbone_optimizers(rules, backbone())
    assert {group["momentum"] for group in optimizer.param_groups} == {0.5}


def test_a_step_moves_the_weights_of_every_owner():
    network, objective = backbone(), torch.nn.Linear(2, 1)
    rules = OptimizerRules(trunk=rule("adam"), head=rule("rmsprop"), objective=rule("sgd"))
    optimizers = [
        *backbone_optimizers(rules, network),
        *objective_optimizers(rules, objective),
    ]
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
    (optimizer,) = backbone_optimizers(rules, network)
    for weight in network.parameters():
        weight.grad = torch.full_like(weight, -5.0)
    before = network.head.weight.detach().clone()
    optimizer.step()
    assert {weight.grad.min().item() for weight in network.trunk.parameters()} == {-5.0}
    torch.testing.assert_close(network.head.weight - before, torch.full_like(before, 0.1 * 0.01))


COSINE = ScheduleRule(shape="cosine", warmup=0.2, final=0.1)


def test_a_cosine_rises_and_falls_to_its_final_share():
    shares = [COSINE.share(step, 10) for step in range(10)]
    assert shares[:2] == pytest.approx([0.5, 1.0])
    assert shares[5] == pytest.approx(0.1 + 0.9 / 2)
    assert shares[9] == pytest.approx(0.1)
    assert shares[1:] == sorted(shares[1:], reverse=True)


def test_a_line_falls_evenly():
    line = ScheduleRule(shape="linear", warmup=0.0, final=0.0)
    assert [line.share(step, 4) for step in range(4)] == pytest.approx([0.75, 0.5, 0.25, 0.0])


def rates_at(step, point, **schedules):
    """Learning rates of trunk, head and objective at a step of ten, each with a rate of 0.1."""
    rules = OptimizerRules(
        **{
            owner: rule("adam").model_copy(update={"schedule": schedules.get(owner)})
            for owner in ("trunk", "head", "objective")
        }
    )
    optimizers = [
        *backbone_optimizers(rules, backbone()),
        *objective_optimizers(rules, torch.nn.Linear(2, 2), point),
    ]
    set_rates(optimizers, step, 10)
    return [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]


def test_each_owner_follows_a_schedule_of_its_own():
    assert rates_at(9, {}, head=COSINE) == pytest.approx([0.1, 0.01, 0.1])


def test_a_method_multiplies_the_rate_of_its_own_parameters():
    point = {"objective_rate": 20.0}
    assert rates_at(9, point) == pytest.approx([0.1, 0.1, 2.0])
    assert rates_at(9, point, objective=COSINE) == pytest.approx([0.1, 0.1, 0.2])


@pytest.mark.parametrize(("shape", "rate"), [("protocol", 0.01), ("constant", 0.1), ("linear", 0)])
def test_a_method_may_have_a_schedule_of_its_own(shape, rate):
    point = {"objective_schedule": shape}
    assert rates_at(9, point, trunk=COSINE, objective=COSINE)[2] == pytest.approx(rate)
