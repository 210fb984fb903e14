"""The promise that a run starts from nothing: no state of one is there in the next."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from harness.testing.applicable import NotApplicable, needs_training
from harness.testing.places import builder_place
from harness.testing.toys import ToyRun

if TYPE_CHECKING:
    from harness.method import Method

STEPS = 4
_RATE = 0.1


def each_run_starts_afresh(method: Method) -> None:
    """Built, trained and built again, it starts as it did, and nothing of a run outlives it."""
    needs_training(method)
    where = builder_place(method)
    first = ToyRun(method)
    start = _state(first.objective)
    shared = _shared(first.objective, ToyRun(method).objective)
    assert not shared, (
        f"{method.name}: {', '.join(shared)} is the same object in every run, so that one run "
        f"trains the start of the next ({where}): make it anew in each call of build, neither in "
        "the module nor in a cache"
    )
    try:
        losses = _train(first)
    except Exception as error:
        raise NotApplicable(f"{method.name} has no loss to train by") from error
    kept = weakref.ref(first.objective)
    del first
    gc.collect()
    again = ToyRun(method)
    now = _state(again.objective)
    changed = [name for name, value in now.items() if not _same(value, start.get(name))]
    assert not changed, (
        f"{method.name}: {', '.join(changed)} starts as the run before left it ({where}): make all "
        "that a run changes anew in each call of build"
    )
    after = _train(again)
    assert losses == after, (
        f"{method.name}: the same run after another gives the losses {after} in place of {losses}: "
        f"something that a run changes is kept outside its Objective ({where})"
    )
    assert kept() is None, (
        f"{method.name}: the Objective of a run is still there when the run is over ({where}): "
        "keep it in no list, cache or global hook"
    )


def _state(objective: nn.Module) -> dict[str, Tensor]:
    tensors = [*objective.named_parameters(), *objective.named_buffers()]
    return {
        name: tensor.detach().clone()
        for name, tensor in tensors
        if not nn.parameter.is_lazy(tensor)
    }


def _same(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and torch.equal(one.nan_to_num(), other.nan_to_num())


def _shared(one: nn.Module, other: nn.Module) -> list[str]:
    """Names of what two Objectives hold in the same place of memory."""
    places = {_place(tensor) for tensor in (*other.parameters(), *other.buffers())} - {0}
    tensors = [*one.named_parameters(), *one.named_buffers()]
    return [name for name, tensor in tensors if _place(tensor) in places]


def _place(tensor: Tensor) -> int:
    return 0 if nn.parameter.is_lazy(tensor) else tensor.untyped_storage().data_ptr()


def _train(run: ToyRun) -> list[float]:
    """A few steps of plain gradient descent on the Objective's own parameters."""
    losses = []
    for step in range(STEPS):
        if step == STEPS // 2:
            run.begin_epoch(1)
        loss = run.loss(step)
        losses.append(loss.item())
        if not loss.requires_grad:
            continue
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for weight in run.objective.parameters():
                if weight.grad is not None:
                    weight.sub_(_RATE * weight.grad)
                    weight.grad = None
    return losses
