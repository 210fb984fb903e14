"""What a process that runs an Objective is given: the method, and the training part as declared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from harness.data.parts import Part, Standardisation
from harness.training.batching import visible_attributes, visible_labels
from harness.training.task import Task


@dataclass(frozen=True, eq=False)
class Lesson:
    """All that the process knows of its run.

    `part`: without what the method did not declare; `prepare`: how its inputs are standardised.
    `context`: the facts of a `Context`, but for the generator and the device.
    """

    task: Task
    part: Part
    prepare: Standardisation
    context: dict[str, Any]
    device: torch.device
    threads: int


def cut(part: Part, task: Task) -> Part:
    """The part without the labels, the groups and the attributes that the method may not see."""
    method = task.method
    seen = visible_labels(part, method)
    labels = torch.full_like(part.labels, -1) if seen is None else seen
    return replace(
        part,
        labels=labels,
        codes=labels,
        positions=part.positions[:0],
        attributes=visible_attributes(part, method),
        groups=part.groups if method.labels == "all" else None,
    )
