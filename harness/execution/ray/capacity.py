"""What one worker takes of a node, and how many workers a cluster has room for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from harness.errors import UserError
from harness.execution.executor import Settings

_GPU_PARTS = 10_000
"""Ray counts a GPU in ten-thousandths."""


@dataclass(frozen=True)
class Demand:
    """Processors and GPUs that one worker takes, as Ray counts them: a share, or a whole one."""

    cpus: int
    gpus: float = 0.0

    def fit(self, resources: Mapping[str, float]) -> int:
        """How many such workers a node with these resources has room for."""
        rooms = [resources.get("CPU", 0.0) // self.cpus]
        if self.gpus:
            # Whole and per GPU: no worker is laid across two.
            rooms.append(int(resources.get("GPU", 0.0)) * round(1 / self.gpus))
        return int(min(rooms))


def demand(device: torch.device, settings: Settings) -> Demand:
    """What a worker takes: its threads, and on `cuda` its share of a GPU."""
    if device.type != "cuda":
        return Demand(settings.threads)
    # Rounded down, so that as many fit a GPU as the settings say.
    share = math.floor(_GPU_PARTS / settings.workers_per_gpu) / _GPU_PARTS
    return Demand(settings.threads, share)


def count_workers(
    wanted: Demand, nodes: Iterable[Mapping[str, float]], settings: Settings, *, runs: int
) -> int:
    """How many workers to ask for: those that were asked for, else as many as there is room for.

    `nodes`: the resources of each node that is alive. No more than there are runs. Workers that
    were asked for by number may exceed the cluster: what has no room waits until nodes join.
    Raises UserError if none was and no node has room for a single one.
    """
    if settings.workers is not None:
        return min(settings.workers, runs)
    room = sum(wanted.fit(resources) for resources in nodes)
    if not room:
        gpu = f" and {wanted.gpus:g} of a GPU" if wanted.gpus else ""
        raise UserError(
            f"the cluster has no room: no node has {wanted.cpus} processors{gpu} for a worker "
            "(see --threads and --device; with --workers N, nodes may join later)"
        )
    return min(room, runs)
