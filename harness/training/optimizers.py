"""Optimizers by the protocol's names; and guards of what a method must not change in them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.data import seed_torch, stream_seed
from harness.method.space import OBJECTIVE_RATE, OBJECTIVE_SCHEDULE, Value
from harness.models.backbone import Backbone
from harness.protocol.model import OptimizerRule, OptimizerRules
from harness.protocol.rules import ScheduleRule
from harness.training import Tampered

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


class WeightGuard:
    """Finds changes to the backbone's weights that the core's optimizer did not make.

    Cheap signs are read at every step: where each weight lies in memory, and the counter that
    torch raises with each change in place. Writing through `.data` raises no counter, so the
    values themselves are compared as well wherever a snapshot was taken.
    """

    def __init__(self, backbone: nn.Module) -> None:
        self._backbone = backbone
        self._weights = list(backbone.parameters())
        self._values: list[torch.Tensor] | None = None
        self.remember()

    def remember(self, *, values: bool = False) -> None:
        """Take the weights as they are now for rightful; copy their values too if asked."""
        self._signs = [(weight.data_ptr(), weight._version) for weight in self._weights]
        self._values = [w.detach().clone() for w in self._weights] if values else None

    def check_no_gradient(self) -> None:
        """Raise Tampered if something ran backward before the core did."""
        if any(weight.grad is not None for weight in self._weights):
            raise Tampered("the objective ran a backward pass of its own into the backbone")

    def check(self) -> None:
        """Raise Tampered if a weight changed since `remember`."""
        for weight, sign in zip(self._weights, self._signs, strict=True):
            if (weight.data_ptr(), weight._version) != sign:
                raise Tampered("the backbone's weights were changed by something but the optimizer")
        if self._values is None:
            return
        same_objects = [id(w) for w in self._backbone.parameters()] == [
            id(w) for w in self._weights
        ]
        if not same_objects or not all(map(torch.equal, self._weights, self._values)):
            raise Tampered("the backbone's weights were changed by something but the optimizer")


class OptimizerGuard:
    """Finds what would have an optimizer of an Objective's parameters do more than its step."""

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        self._optimizers = optimizers
        self.remember()

    def remember(self) -> None:
        """Take the settings as they are now for rightful."""
        self._settings = [_settings(optimizer) for optimizer in self._optimizers]

    def check(self) -> None:
        """Raise Tampered for a hook, a `step` of its own, or settings that are not as built."""
        hooks = sys.modules["torch.optim.optimizer"]
        if hooks._global_optimizer_pre_hooks or hooks._global_optimizer_post_hooks:
            raise Tampered("a hook on the step of optimizers was registered")
        for optimizer, before in zip(self._optimizers, self._settings, strict=True):
            for name, value in _settings(optimizer).items():
                if value != before.get(name):
                    raise Tampered(
                        f"the optimizer's {name} was changed from {before.get(name)} to {value}"
                    )


def _settings(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What decides a step, but for weights and gradients."""
    found = {
        f"{name} (group {place})" if place else name: value
        for place, group in enumerate(optimizer.param_groups)
        for name, value in group.items()
        if name != "params"
    }
    hooks = (*optimizer._optimizer_step_pre_hooks, *optimizer._optimizer_step_post_hooks)
    return {**found, "hooks": len(hooks), "step": vars(optimizer).get("step")}


def cuda_in_use() -> list[int]:
    """The CUDA devices whose generators may have been drawn from; asking must not start CUDA."""
    started: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return list(range(torch.cuda.device_count())) if started else []


@contextmanager
def method_state(seed: int, method: str, fold: int) -> Iterator[torch.Generator]:
    """Seed the global generators from the method's own stream; put all global state back after.

    Yields a CPU generator of the same stream. Restored: the generators of torch (every device),
    numpy and random, grad mode, default dtype and thread count, which a plugin may have changed.
    """
    own = stream_seed(seed, "method", method, fold)
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    grad, dtype, threads = (
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
    )
    try:
        with torch.random.fork_rng(devices=cuda_in_use()):
            seed_torch(own)
            np.random.seed(own % 2**32)  # noqa: NPY002
            random.seed(own)
            yield torch.Generator().manual_seed(own)
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
