"""Runs on this machine: in this process, or in several that are watched from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.execution.executor import Settings, Stages, Started, Work, execute_group

if TYPE_CHECKING:
    import torch


def execute_locally(work: Work) -> Stages:
    """Execute the runs in as many processes as the settings say; one without limits, in this one.

    A run whose process dies is tried once more, in a new one, and then recorded as `died`.
    """
    placement = place_workers(work.bench.device, work.settings, runs=len(work.groups))
    if len(placement.devices) <= 1 and not work.settings.limited:
        return execute_inline(work)
    from harness.execution.process import execute_in_processes

    return execute_in_processes(work, placement)


def execute_inline(work: Work) -> Stages:
    """Execute the runs here: one that hangs or kills the process does so to the session."""
    if not work.runs:
        return
    from harness.execution.machine import set_threads, warm

    set_threads(work.settings.threads)
    with warm():
        for runs in work.groups:
            if work.draining.is_set():
                return
            yield from map(Started, runs)
            yield from execute_group(runs, work.bench)


@dataclass(frozen=True)
class Placement:
    """The device of each worker, by name.

    `library_threads`: of the matrix libraries in each worker, which fill the cores together.
    """

    devices: tuple[str, ...]
    library_threads: int


def place_workers(device: torch.device, settings: Settings, *, runs: int) -> Placement:
    """Place the workers; on `cuda` without a number they go round all GPUs.

    `runs`: how many there are to do, those that are trained together as one; more workers than
    that would idle.
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
        import torch

        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return [str(device)]


def _cores() -> int:
    """Cores that this process may use, by affinity and by the quota of its container."""
    import joblib

    count: int = joblib.cpu_count()
    return count
