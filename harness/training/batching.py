"""Turning drawn positions into batches: indexing, augmentation, standardisation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from harness.data.augmentation import augment, draw_changes
from harness.data.parts import Part, Standardisation
from harness.data.samplers import Batches
from harness.data.streams import torch_stream
from harness.method import Method
from harness.method.objective import Batch
from harness.training.task import Task


class TrainingView:
    """The training part as an Objective sees it, labels withheld as the method declared."""

    def __init__(self, part: Part, standardise: Standardisation, method: Method) -> None:
        self._part = part
        self._standardise = standardise
        self._labels = visible_labels(part, method)

    def __len__(self) -> int:
        return len(self._part)

    @property
    def labels(self) -> Tensor | None:
        """Int64 (N,); -1 where unknown; None for a method that declared none."""
        return self._labels

    @property
    def attributes(self) -> Mapping[str, Tensor]:
        """Int64 codes, (N,) each."""
        return self._part.attributes

    def inputs(self, indices: Tensor) -> Tensor:
        """Standardised inputs without augmentation, float32, at the given positions."""
        return self._standardise(self._part.inputs[indices])


def visible_labels(part: Part, method: Method) -> Tensor | None:
    """The labels a method may see: all, -1 where unknown, or None at all."""
    if method.labels == "none":
        return None
    return torch.where(part.known, part.labels, -1)


class BatchSource:
    """Batches by step: the drawn positions, and augmentation from streams of their own."""

    def __init__(
        self, task: Task, part: Part, batches: Batches, standardise: Standardisation
    ) -> None:
        self._part = part
        self._positions = torch.from_numpy(batches).to(part.inputs.device)
        self._labels = visible_labels(part, task.method)
        self._standardise = standardise
        self._rule = task.protocol.augmentation
        self._draws = [
            torch_stream(task.seed, "augmentation", task.fold, view)
            for view in range(task.method.views)
        ]

    def __call__(self, step: int) -> Batch:
        """Make the batch of one step; steps must be asked for in order, each once."""
        positions = self._positions[step]
        raw = self._part.inputs[positions].float()
        views = [self._view(raw, draws) for draws in self._draws]
        return Batch(
            inputs=views[0],
            labels=None if self._labels is None else self._labels[positions],
            known=self._part.known[positions],
            indices=positions,
            step=step,
            second=views[1] if len(views) > 1 else None,
            attributes={name: codes[positions] for name, codes in self._part.attributes.items()},
        )

    def _view(self, raw: Tensor, draws: torch.Generator) -> Tensor:
        if raw.ndim != 4:
            return self._standardise(raw)
        changes = draw_changes(len(raw), draws).to(raw.device)
        return self._standardise(augment(raw, changes, self._rule))
