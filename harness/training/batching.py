"""Turning drawn positions into batches: indexing, augmentation, standardisation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from harness.data.augmentation import WHOLE, augment, draw_changes
from harness.data.parts import Part, Standardisation
from harness.data.samplers import Batches, batch_stream, batches_digest, draw_cluster_batches
from harness.data.streams import torch_stream
from harness.method import Method
from harness.method.objective import Batch, Clusters
from harness.training.embedding import Counts
from harness.training.outcomes import BadLoss
from harness.training.task import Task


class TrainingView:
    """The training part as an Objective sees it, labels withheld as the method declared."""

    def __init__(
        self, part: Part, standardise: Standardisation, method: Method, counts: Counts
    ) -> None:
        self._part = part
        self._standardise = standardise
        self._labels = visible_labels(part, method)
        self._counts = counts
        self._attributes = visible_attributes(part, method)

    def __len__(self) -> int:
        return len(self._part)

    @property
    def labels(self) -> Tensor | None:
        """Int64 (N,); -1 where unknown; None for a method that declared none."""
        return self._labels

    @property
    def attributes(self) -> Mapping[str, Tensor]:
        """Int64 codes, (N,) each, -1 where unknown; none for a method that did not ask for any."""
        return self._attributes

    def inputs(self, indices: Tensor) -> Tensor:
        """Standardised inputs without augmentation, float32, at the given positions."""
        chosen = self._part.inputs[indices]
        self._counts.images_read += len(chosen)
        return self._standardise(chosen)


def visible_labels(part: Part, method: Method) -> Tensor | None:
    """The labels a method may see: all, -1 where unknown, or None at all."""
    if method.labels == "none":
        return None
    return torch.where(part.known, part.labels, -1)


def visible_attributes(part: Part, method: Method) -> Mapping[str, Tensor]:
    """The label sets beside the class, for a method that declared that it learns from them."""
    return part.attributes if method.label_sets == "attributes" else {}


class BatchSource:
    """Batches by step: the drawn positions, and augmentation from streams of their own."""

    def __init__(
        self, task: Task, part: Part, batches: Batches, standardise: Standardisation
    ) -> None:
        self._part = part
        self._batches = batches
        self._positions = torch.from_numpy(batches).to(part.inputs.device)
        self._graded = task.method.relevance == "graded"
        self._attributes = visible_attributes(part, task.method)
        self._labels = visible_labels(part, task.method)
        # Augmentation cuts images itself.
        self._standardise = standardise.through(WHOLE)
        self._rules = task.protocol
        self._training = task.training
        self._cluster_draw = batch_stream(task.seed, "clusters", task.fold)
        self._draws = [
            torch_stream(task.seed, "augmentation", task.fold, view)
            for view in range(task.method.views)
        ]

    @property
    def digest(self) -> str:
        """Digest of the whole sequence of positions as it stands."""
        return batches_digest(self._batches)

    def redraw(self, step: int, clusters: Clusters) -> None:
        """Draw the batches of one epoch, from this step on, from a method's clusters."""
        rule = self._training
        _require_sound(clusters, len(self._part))
        batches = draw_cluster_batches(
            clusters.assignment.cpu().numpy(),
            clusters.neighbours.cpu().numpy(),
            clusters.weights.double().cpu().numpy(),
            rule,
            steps=min(rule.steps_per_epoch, rule.steps - step),
            draw=self._cluster_draw,
        )
        end = step + len(batches)
        self._batches[step:end] = batches
        self._positions[step:end] = torch.from_numpy(batches).to(self._positions.device)

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
            relevance=self._relevance(positions) if self._graded else None,
            attributes={name: codes[positions] for name, codes in self._attributes.items()},
        )

    def _relevance(self, positions: Tensor) -> Tensor:
        labels, groups = self._part.labels[positions], self._part.groups
        assert groups is not None, "runs of graded methods are skipped where no groups are named"
        same_group = groups[positions, None] == groups[positions]
        return torch.where(labels[:, None] == labels, 1.0, 0.5 * same_group)

    def _view(self, raw: Tensor, draws: torch.Generator) -> Tensor:
        if raw.ndim != 4:
            return self._standardise(raw)
        rule = self._rules.augmentation
        changes = draw_changes(len(raw), draws, rule).to(raw.device)
        return self._standardise(augment(raw, changes, rule))


def _require_sound(clusters: Clusters, samples: int) -> None:
    """Raise BadLoss for clusters that batches cannot be drawn from."""
    count = len(clusters.weights)
    for name, codes in (("assignment", clusters.assignment), ("neighbours", clusters.neighbours)):
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < count:
            raise BadLoss(f"clusters: {name} must lie in 0..{count - 1}")
    if tuple(clusters.assignment.shape) != (samples,):
        shape = tuple(clusters.assignment.shape)
        raise BadLoss(f"clusters: assignment has shape {shape}, not ({samples},)")
    if clusters.neighbours.ndim != 2 or len(clusters.neighbours) != count:
        shape = tuple(clusters.neighbours.shape)
        raise BadLoss(f"clusters: neighbours has shape {shape}, not ({count}, M)")
