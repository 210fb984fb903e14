"""What a process that runs an Objective is given: the method, and the training part as declared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from harness.data.parts import LazyInputs, Part, Standardisation
from harness.training.batching import visible_attributes, visible_labels
from harness.training.task import Task


@dataclass(frozen=True, eq=False)
class Lesson:
    """All that the process knows of its run.

    `part`: without what the method did not declare; `prepare`: how its inputs are standardised.
    `context`: the facts of a `Context`, but for the generator and the device. `key`: what tells
    the part's inputs from all others.
    """

    task: Task
    part: Part
    prepare: Standardisation
    context: dict[str, Any]
    device: torch.device
    threads: int
    key: str


def cut(part: Part, task: Task) -> Part:
    """The part without the labels, the groups and the attributes that the method may not see."""
    method = task.method
    seen = visible_labels(part, method)
    labels = torch.full_like(part.labels, -1) if seen is None else seen
    attributes = visible_attributes(part, method)
    return replace(
        part,
        labels=labels.cpu(),
        known=part.known.cpu(),
        codes=labels.cpu(),
        positions=part.positions[:0],
        attributes={name: codes.cpu() for name, codes in attributes.items()},
        groups=None,
    )


class OnDevice:
    """Inputs that lie in main memory and are wanted on a device, by the batch."""

    def __init__(self, inputs: Tensor | LazyInputs, device: torch.device) -> None:
        self._inputs = inputs
        self.device = device
        self.shape = inputs.shape

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, chosen: Tensor) -> Tensor:
        """Samples by their positions in the part, in that order."""
        return self._inputs[chosen.cpu()].to(self.device)


def placed(lesson: Lesson) -> Lesson:
    """The lesson with its part and its numbers on the device that the Objective is on."""
    device, part = lesson.device, lesson.part
    if device.type == "cpu":
        return lesson
    attributes = {name: codes.to(device) for name, codes in part.attributes.items()}
    here = replace(
        part,
        inputs=OnDevice(part.inputs, device),  # type: ignore[arg-type]
        labels=part.labels.to(device),
        known=part.known.to(device),
        attributes=attributes,
    )
    return replace(lesson, part=here, prepare=lesson.prepare.to(device))
