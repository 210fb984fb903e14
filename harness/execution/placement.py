"""How many workers, on which devices, with how many threads each."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from harness.execution.executor import Settings


@dataclass(frozen=True)
class Placement:
    """The device of each worker, by name.

    `library_threads`: of the matrix libraries in each worker, which fill the cores together.
    """

    devices: tuple[str, ...]
    library_threads: int


def place_workers(device: torch.device, settings: Settings, *, runs: int) -> Placement:
    """Place the workers; on `cuda` without a number they go round all GPUs.

    `runs`: how many there are to do; more workers than that would idle.
    """
    devices = _devices(device)
    cores = _cores()
    fill = (
        len(devices) * settings.workers_per_gpu
        if device.type == "cuda"
        else cores // settings.threads
    )
    count = max(1, min(fill if settings.workers is None else settings.workers, runs))
    return Placement(
        devices=tuple(devices[slot % len(devices)] for slot in range(count)),
        library_threads=max(settings.threads, cores // count, 1),
    )


def _devices(device: torch.device) -> list[str]:
    if device.type == "cuda" and device.index is None:
        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return [str(device)]


def _cores() -> int:
    """Cores that this process may use, by affinity and by the quota of its container."""
    import joblib

    count: int = joblib.cpu_count()
    return count
