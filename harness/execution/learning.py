"""What a method learns in one run, with the test set sealed: weights, or a linear readout."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from harness.data.parts import Part, Vault
from harness.data.samplers import batch_stream, batches_digest, draw_batches
from harness.data.seal import SealedTestSet, sealed
from harness.errors import UserError
from harness.method.objective import Readout
from harness.models.backbone import Backbone
from harness.record import Audit, Parameters, Samples, Selected
from harness.training.batching import TrainingView
from harness.training.embedding import AuditedEmbed, Counts
from harness.training.guard import WeightGuard, method_state
from harness.training.loop import Trained, build_objective, count_parameters, train
from harness.training.outcomes import Unsupported
from harness.training.readout import finish
from harness.training.task import Task


@dataclass(frozen=True, eq=False)
class Student:
    """One method about to learn."""

    task: Task
    backbone: Backbone
    vault: Vault
    part: Part
    generator: torch.Generator


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is left of an Objective that is gone: counts, and a readout if it gave one."""

    counts: Counts
    parameters: Parameters
    seconds: float = 0.0
    readout: Readout | None = None
    trained: Trained | None = None

    def audit(self, seconds: float, peak_memory_bytes: int | None) -> Audit:
        """What the run cost."""
        return Audit(
            steps=self.trained.steps if self.trained else 0,
            images_embedded=self.counts.images_embedded,
            images_read=self.counts.images_read,
            backward_passes=self.counts.backward_passes,
            zero_gradients=int(self.counts.zero_gradients),
            preparation_seconds=self.trained.preparation if self.trained else self.seconds,
            input_seconds=self.trained.input_seconds if self.trained else None,
            training_seconds=self.seconds,
            seconds=seconds,
            peak_memory_bytes=peak_memory_bytes,
            parameters=self.parameters,
        )


@contextmanager
def sealed_method(task: Task) -> Iterator[torch.Generator]:
    """Seal the test set and set the method's random state; the objective must be gone after."""
    with sealed() as seal, method_state(task.seed, task.method.name, task.fold) as generator:
        try:
            yield generator
        finally:
            gc.collect()
            # Also when the plugin caught the error, or raised another in its place.
            if seal.broken_by is not None:
                raise SealedTestSet(f"{seal.broken_by} asked for while the objective was alive")


def learn(student: Student, fields: dict[str, Any]) -> Learnt:
    """Train the method, or take its readout of the initial weights; note what the Record says."""
    part = student.part
    fields["samples"] = Samples(training=len(part), labelled=int(part.known.sum()))
    return _train(student, fields) if student.task.method.trained else _read_out(student)


def _train(student: Student, fields: dict[str, Any]) -> Learnt:
    task, part = student.task, student.part
    rules, composition, training = task.protocol, task.method.batch, task.training
    if training.batch_size % training.samples_per_class:
        raise Unsupported(
            f"needs {training.samples_per_class} samples of each class; this protocol's batches "
            f"of {training.batch_size} cannot be divided so"
        )
    try:
        batches = draw_batches(
            part.labels.cpu().numpy(),
            part.known.cpu().numpy(),
            composition,
            training,
            draw=batch_stream(task.seed, composition, task.fold),
        )
    except UserError as error:
        raise Unsupported(str(error)) from None
    if composition != "clusters":
        fields["batches_digest"] = batches_digest(batches)
    trained = train(task, student.backbone, student.vault, part, batches, student.generator)
    fields["batches_digest"] = trained.batches_digest
    fields["selected"] = Selected(
        metric=rules.selection.metric,
        step=trained.selection.step,
        value=trained.selection.value,
        history=tuple(trained.selection.history),
        stopped_early=trained.stopped_early,
    )
    return Learnt(trained.counts, trained.parameters, trained.seconds, trained.readout, trained)


def _read_out(student: Student) -> Learnt:
    """A linear readout of the initial weights: nothing else is learnt."""
    task, backbone = student.task, student.backbone
    size = task.protocol.backbone.embedding_size
    began = time.perf_counter()
    objective = build_objective(task, backbone, student.part, student.generator)
    embed = AuditedEmbed(backbone, size)
    view = TrainingView(student.part, student.vault.prepare, task.method, embed.counts)
    guard = WeightGuard(backbone)
    guard.remember(values=True)
    readout = finish(objective, view, embed, backbone, size)
    guard.check()
    seconds = time.perf_counter() - began
    return Learnt(embed.counts, count_parameters(backbone, None), seconds, readout)
