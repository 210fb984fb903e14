"""Loading early what the first run would load in the middle, where it would count as its cost."""

from __future__ import annotations

import gc
import importlib
import os
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


def ask_of_cuda_by_its_driver() -> None:
    """Have torch look for CUDA without starting it: forked children could not use it then."""
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")


def first_step() -> None:
    """Take a step of an optimizer: the first loads half of torch, and asks whether CUDA is here."""
    ask_of_cuda_by_its_driver()
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    torch.optim.Adam([weight]).step()
