"""Optimizers by the protocol's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from harness.method import Value
from harness.method.method import OBJECTIVE_RATE, OBJECTIVE_SCHEDULE
from harness.models.backbone import Backbone
from harness.protocol.augmentation import ScheduleRule
from harness.protocol.model import OptimizerRule, OptimizerRules

_KINDS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
_WITH_MOMENTUM = ("rmsprop", "sgd")
CLIP = "clip_value"
PEAK = "peak"
SCHEDULE = "schedule"


def backbone_optimizers(rules: OptimizerRules, *backbones: Backbone) -> list[torch.optim.Optimizer]:
    """One optimizer for each kind the rules name, with a parameter group for trunks and heads.

    Each weight has a state of its own, so that several backbones are stepped as each alone.
    """
    trunks = [weight for backbone in backbones for weight in backbone.trunk.parameters()]
    heads = [weight for backbone in backbones for weight in backbone.head.parameters()]
    return _optimizers([(rules.trunk, trunks), (rules.head, heads)])


def objective_optimizers(
    rules: OptimizerRules, objective: nn.Module, point: Mapping[str, Value] | None = None
) -> list[torch.optim.Optimizer]:
    """The optimizer of an Objective's own parameters; none where it has none to train.

    `point`: the method's hyperparameters, of which the reserved ones change the rule.
    """
    return _optimizers([(objective_rule(rules.objective, point or {}), objective.parameters())])


def _optimizers(
    owners: Sequence[tuple[OptimizerRule, Iterable[nn.Parameter]]],
) -> list[torch.optim.Optimizer]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for rule, parameters in owners:
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        if trainable:
            groups.setdefault(rule.name, []).append(_group(rule, trainable))
    return [_build(name, members) for name, members in groups.items()]


def objective_rule(rule: OptimizerRule, point: Mapping[str, Value]) -> OptimizerRule:
    """The protocol's rule for an Objective's own parameters, as the method's point changes it."""
    changes: dict[str, Any] = {}
    if OBJECTIVE_RATE in point:
        changes["learning_rate"] = rule.learning_rate * float(point[OBJECTIVE_RATE])
    shape = point.get(OBJECTIVE_SCHEDULE, "protocol")
    if shape == "constant":
        changes["schedule"] = None
    elif shape != "protocol":
        changes["schedule"] = ScheduleRule.model_validate(
            {"shape": shape, "warmup": 0.0, "final": 0.0}
        )
    return rule.model_copy(update=changes)


def set_rates(optimizers: Iterable[torch.optim.Optimizer], step: int, steps: int) -> None:
    """Give every group that has a schedule its learning rate for a step, counted from 0."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            if SCHEDULE in group:
                group["lr"] = group[PEAK] * group[SCHEDULE].share(step, steps)


def clear_gradients(optimizers: Iterable[torch.optim.Optimizer]) -> None:
    """Forget all gradients, as `zero_grad` does beside noting for a profiler that it did."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            for weight in group["params"]:
                weight.grad = None


def take_step(optimizers: Sequence[torch.optim.Optimizer], step: int, steps: int) -> None:
    """Step every optimizer, at the learning rates of a step, counted from 0."""
    set_rates(optimizers, step, steps)
    for optimizer in optimizers:
        optimizer.step()


def _build(name: str, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    # One kernel for all weights: at this size the loop is bound by calls, not by arithmetic.
    # RMSprop has no fused kernel; its multi-tensor form is the next best.
    quick = {"foreach": True} if name == "rmsprop" else {"fused": True}
    build: Any = _KINDS[name]
    optimizer: torch.optim.Optimizer = build(groups, **quick)
    if any(CLIP in group for group in groups):
        optimizer.register_step_pre_hook(_clip)
    return optimizer


def _clip(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    for group in optimizer.param_groups:
        if CLIP in group:
            nn.utils.clip_grad_value_(group["params"], group[CLIP])


def _group(rule: OptimizerRule, parameters: list[nn.Parameter]) -> dict[str, Any]:
    group: dict[str, Any] = {
        "params": parameters,
        "lr": rule.learning_rate,
        "weight_decay": rule.weight_decay,
    }
    if rule.name in _WITH_MOMENTUM:
        group["momentum"] = rule.momentum
    if rule.clip_value is not None:
        group[CLIP] = rule.clip_value
    if rule.schedule is not None:
        group |= {PEAK: rule.learning_rate, SCHEDULE: rule.schedule}
    return group
