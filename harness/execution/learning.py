"""What a method learns in one run: weights, or a linear readout. Its code is in another process."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from harness.apart import Gone
from harness.apart.memory import NothingShared
from harness.apart.objective import ObjectiveApart
from harness.apart.pupil import Lesson, cut
from harness.data import seed_torch, stream_seed
from harness.data.parts import Part, Vault
from harness.errors import UserError
from harness.method.objective import LabelSet, Readout
from harness.models.backbone import Backbone
from harness.record import Audit, Parameters, Samples, Selected
from harness.training import Clock, Task, Unsupported, spent_on
from harness.training.batching import Batches, batch_stream, batches_digest, draw_batches
from harness.training.embedding import Counts
from harness.training.loop import Loop, Trained, count_parameters, train
from harness.training.optimizers import cuda_in_use

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Student:
    """One method about to learn.

    `threads`: of the processor, for its own process. `key`: what tells its training part from
    all others.
    """

    task: Task
    backbone: Backbone
    vault: Vault
    part: Part
    threads: int
    key: str

    @property
    def lesson(self) -> Lesson:
        """What the process of its Objective is given."""
        task, backbone, part = self.task, self.backbone, self.part
        rules = task.protocol
        context = {
            "classes": part.classes,
            "samples": len(part),
            "input_shape": backbone.input_shape or tuple(part.inputs.shape[1:]),
            "embedding_size": rules.backbone.embedding_size,
            "feature_size": backbone.trunk.feature_size,
            "normalized": rules.backbone.normalize,
            "members": task.method.members,
            "batch_size": rules.training.batch_size,
            "steps": rules.training.steps,
            "steps_per_epoch": rules.training.steps_per_epoch,
            "distance": task.distance,
            "label_sets": self._label_sets(),
        }
        return Lesson(
            task=task,
            part=cut(part, task),
            prepare=self.vault.prepare.to(torch.device("cpu")),
            context=context,
            device=part.inputs.device,
            threads=self.threads,
            key=self.key,
        )

    def _label_sets(self) -> tuple[LabelSet, ...]:
        """Those beside the class, for a method that declared that it learns from them."""
        rule = self.task.protocol.label_sets
        if rule is None or self.task.method.label_sets != "attributes":
            return ()
        return tuple(
            LabelSet(
                name=name,
                values=len(one.names),
                positions=tuple(one.positions().tolist()) if name in rule.ordered else None,
            )
            for name, one in self.vault.label_sets.items()
        )


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is left of an Objective that is gone: counts, and a readout if it gave one."""

    counts: Counts
    parameters: Parameters
    seconds: float = 0.0
    readout: Readout | None = None
    trained: Trained | None = None
    images_read: int = 0
    images_drawn: int = 0
    spent: Gone = field(default_factory=lambda: Gone(0, 0.0, 0))

    def audit(
        self, seconds: float, processor_seconds: float, peak_memory_bytes: int | None
    ) -> Audit:
        """What the run cost; of the processor and of memory, beside what its Objective's did."""
        peak = peak_memory_bytes
        return Audit(
            steps=self.trained.steps if self.trained else 0,
            images_embedded=self.counts.images_embedded,
            images_read=self.images_read,
            images_drawn=self.images_drawn,
            backward_passes=self.counts.backward_passes,
            zero_gradients=int(self.counts.zero_gradients),
            preparation_seconds=self.trained.preparation if self.trained else self.seconds,
            input_seconds=self.trained.input_seconds if self.trained else None,
            training_seconds=self.seconds,
            seconds=seconds,
            processor_seconds=processor_seconds + self.spent.processor_seconds,
            peak_memory_bytes=None if peak is None else peak + self.spent.memory_bytes,
            parameters=self.parameters,
        )


@dataclass(eq=False)
class Classmate:
    """One of several runs of a method that learn together, and what became of it.

    `fields`: what the Record says of it so far. `clock`: what it has taken.
    """

    student: Student
    fields: dict[str, Any]
    clock: Clock
    learnt: Learnt | None = None
    failure: BaseException | None = None


@contextmanager
def _apart(student: Student) -> Iterator[ObjectiveApart]:
    """The method's Objective in a process of its own, which is gone after.

    What the network itself draws at random (dropout) comes from a stream that no method shares.
    """
    task = student.task
    with torch.random.fork_rng(devices=cuda_in_use()):
        seed_torch(stream_seed(task.seed, "network", task.fold))
        objective = ObjectiveApart(student.lesson, student.backbone)
        try:
            yield objective
        finally:
            objective.end()


def learn(student: Student, fields: dict[str, Any]) -> Learnt:
    """Train the method, or take its readout of the initial weights; note what the Record says."""
    if student.task.method.trained:
        return _train(student, fields)
    return _read_out(student, fields)


def _train(student: Student, fields: dict[str, Any]) -> Learnt:
    batches = _draw(student, fields)
    with _apart(student) as objective:
        trained = train(
            student.task, student.backbone, student.vault, student.part, batches, objective
        )
    return _learnt(student, trained, objective, fields)


def learn_together(together: Sequence[Classmate]) -> None:
    """Train the runs of one method step by step together; each has `learnt` or `failure` then.

    Neither where something went wrong that was no run's own fault: it is to learn alone.
    """
    from harness.training.together import Cohort, Member

    members: dict[Classmate, Member] = {}
    with ExitStack() as stack:
        for one in together:
            try:
                with spent_on(one.clock):
                    batches = _draw(one.student, one.fields)
                    objective = ObjectiveApart(one.student.lesson, one.student.backbone)
                    stack.callback(objective.end)
            except (KeyboardInterrupt, NothingShared):
                raise
            except BaseException as error:
                one.failure = error
                continue
            student = one.student
            loop = Loop(
                student.task, student.backbone, student.vault, student.part, batches, objective
            )
            members[one] = Member(loop, one.clock)
        try:
            Cohort(list(members.values())).train()
        except Exception:
            log.exception("what was trained together is trained alone")
    for one, member in members.items():
        one.failure = member.failure
        if member.trained is not None:
            one.learnt = _learnt(one.student, member.trained, member.objective, one.fields)


def _draw(student: Student, fields: dict[str, Any]) -> Batches:
    """The batches of a run, but for those that a method's clusters are still to decide."""
    task, part = student.task, student.part
    composition, training = task.method.batch, task.training
    _note_samples(student, fields)
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
    return batches


def _note_samples(student: Student, fields: dict[str, Any]) -> None:
    part = student.part
    fields["samples"] = Samples(training=len(part), labelled=int(part.known.sum()))


def _learnt(
    student: Student, trained: Trained, objective: ObjectiveApart, fields: dict[str, Any]
) -> Learnt:
    """What is left of a training; the Objective's process is gone."""
    task, training = student.task, student.task.training
    fields["batches_digest"] = trained.batches_digest
    fields["selected"] = Selected(
        metric=task.protocol.selection.metric,
        step=trained.selection.step,
        value=trained.selection.value,
        history=tuple(trained.selection.history),
        stopped_early=trained.stopped_early,
    )
    return Learnt(
        counts=trained.counts,
        parameters=trained.parameters,
        seconds=trained.seconds,
        readout=trained.readout,
        trained=trained,
        images_read=objective.images_read,
        images_drawn=trained.steps * training.batch_size * task.method.views,
        spent=objective.spent,
    )


def _read_out(student: Student, fields: dict[str, Any]) -> Learnt:
    """A linear readout of the initial weights: nothing else is learnt."""
    _note_samples(student, fields)
    backbone = student.backbone
    began = time.perf_counter()
    with _apart(student) as objective:
        backbone.eval()
        readout = objective.finish()
        backbone.train()
        seconds = time.perf_counter() - began
    return Learnt(
        counts=objective.embed.counts,
        parameters=count_parameters(backbone),
        seconds=seconds,
        readout=readout,
        images_read=objective.images_read,
        spent=objective.spent,
    )
