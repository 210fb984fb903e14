"""Guarding what belongs to the core: the backbone's weights and the process's global state."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.data.streams import seed_torch, stream_seed
from harness.training.outcomes import Tampered


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
