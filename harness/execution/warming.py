"""Loading early what the first run would load in the middle, where it would count as its cost."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_USED_BY_EVERY_RUN = ("faiss", "sklearn.cluster", "sklearn.metrics", "safetensors.numpy")


@contextmanager
def warm() -> Iterator[None]:
    """Execute runs inside: all that they need is imported, and collecting garbage is quick.

    A run collects garbage twice, so that no objective outlives its seal. Looking through what torch
    and the other libraries hold, which is never garbage, would take longer than a short training.
    """
    for name in _USED_BY_EVERY_RUN:
        importlib.import_module(name)
    first_step()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def first_step() -> None:
    """Take a step of an optimizer: the first loads half of torch.

    Not where torch is built for CUDA: a step asks whether there is some, and whoever has asked can
    fork no process that uses it, or takes a step itself.
    """
    if torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        return
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    torch.optim.Adam([weight]).step()
