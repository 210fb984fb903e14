"""A plugin of the fault suite: tiny data, a method that trains, and methods that misbehave."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import DatasetSource, Float, Method, hookimpl, loss_method

TRAP = "BENCH_TOY_TRAP"
GATE = "BENCH_TOY_GATE"


def _load() -> Any:
    import numpy as np

    from harness import Dataset

    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(12), 6).astype(np.int64)
    return Dataset(
        name="toy",
        inputs=draw.integers(0, 255, (72, 1, 8, 8), dtype=np.uint8),
        labels=labels,
        class_names=tuple(f"class {label}" for label in range(12)),
        source="tests/faults/toy.py",
        licence="MIT",
    )


def _method(name: str, misbehave: Callable[[], object]) -> Method:
    def build(weight: float) -> Any:
        import torch

        class Spread(torch.nn.Module):
            def forward(self, embeddings: Any, labels: Any) -> Any:
                misbehave()
                distances = torch.cdist(embeddings, embeddings)
                same = labels[:, None] == labels[None, :]
                return weight * (distances[same].mean() - distances[~same].mean())

        return Spread()

    return loss_method(
        name, build, summary="of the tests", reference="none", weight=Float(0.1, 2.0, 1.0)
    )


def _sprung() -> bool:
    """Whether the trap named by the environment is there; it springs once."""
    trap = os.environ.get(TRAP)
    if trap is None:
        return False
    try:
        Path(trap).unlink()
    except FileNotFoundError:
        return False
    return True


def _arrive() -> None:
    """Tell the gate that the environment names which process came to it."""
    if GATE in os.environ:
        Path(os.environ[GATE], f"{os.getpid()}.arrived").touch()


def _wait() -> None:
    """Wait while the gate is there and shut."""
    while GATE in os.environ and Path(os.environ[GATE], "shut").exists():
        _arrive()
        time.sleep(0.02)


def _wait_once() -> None:
    if _sprung():
        _wait()


def _exit() -> None:
    os._exit(3)


def _kill_once() -> None:
    if _sprung():
        os.kill(os.getpid(), signal.SIGKILL)


def _segfault() -> None:
    ctypes.string_at(0)


def _hang() -> None:
    _arrive()
    time.sleep(3600)


def _eat() -> None:
    eaten = bytearray(2 << 30)
    eaten[:: 1 << 12] = b"x" * len(eaten[:: 1 << 12])
    time.sleep(3600)


@hookimpl
def bench_datasets() -> list[DatasetSource]:
    """The toy data."""
    return [DatasetSource(name="toy", load=_load, summary="of the tests")]


@hookimpl
def bench_methods() -> list[Method]:
    """One that behaves, two that wait, one killed once, four that end or exceed a limit."""
    return [
        _method("spread", lambda: None),
        _method("patient", _wait),
        _method("patient-once", _wait_once),
        _method("killed-once", _kill_once),
        _method("exits", _exit),
        _method("segfaults", _segfault),
        _method("hangs", _hang),
        _method("eats", _eat),
    ]
