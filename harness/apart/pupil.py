"""The process of one Objective: it answers the core, and asks it for embeddings.

It holds the training part, the Objective and the optimizer of the Objective's own parameters; the
backbone, its optimizer and everything that judges are in another process, which believes nothing
that is said here about them.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from harness.apart import Child, fork_here
from harness.apart.channel import Channel, Closed, Message
from harness.apart.memory import Kept, Memory, Shape, open_shared
from harness.apart.nursery import Job, nursery
from harness.apart.remote import RemoteEmbed
from harness.data.dataset import Seal, SealedTestSet, sealed
from harness.data.parts import LazyInputs, Part, Standardisation
from harness.execution.machine import limit_libraries, make_deterministic
from harness.method.objective import Batch, Clusters, Context, Objective
from harness.record import Reason
from harness.registry import Reference, confine
from harness.training import BadLoss, Task, reason_of
from harness.training.batching import TrainingView, visible_attributes, visible_labels
from harness.training.embedding import Counts, require_readout
from harness.training.optimizers import (
    OptimizerGuard,
    clear_gradients,
    method_state,
    objective_optimizers,
    set_rates,
)


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


def serve_apart(given: tuple[Lesson, Shape | None], descriptors: Sequence[int]) -> None:
    """Serve in a process of a nursery, on the line, the memory and the inputs that it was given."""
    lesson, shape = given
    line, memory, *inputs = descriptors
    if shape is not None:
        part = replace(lesson.part, inputs=open_shared(inputs[0], shape))
        lesson = replace(lesson, part=part)
    shared = Memory.of(memory)
    # Only what decides the run's id may run from here on.
    confine()
    channel = Channel(socket.socket(fileno=line), shared, core=False, device=lesson.device)
    serve(channel, lesson)


def serve(channel: Channel, lesson: Lesson) -> None:
    """Answer until the core is gone; whatever goes wrong is told, and is the end."""
    torch.set_num_threads(lesson.threads)
    limit_libraries(lesson.threads)
    if lesson.device.type == "cuda":
        make_deterministic()
    try:
        lesson = placed(lesson)
        try:
            task = lesson.task
            with (
                sealed() as seal,
                method_state(task.seed, task.method.name, task.fold) as generator,
            ):
                pupil = _Pupil(channel, lesson, generator, seal)
                while True:
                    pupil.answer(channel.receive())
        except Closed:
            os._exit(0)
        except BaseException as error:
            # Also when the plugin raised another in its place.
            broken = seal.broken_by
            if broken is not None and not isinstance(error, SealedTestSet):
                error = SealedTestSet(f"{broken} asked for while the objective was alive")
            _tell(channel, reason_of(error))
    except BaseException:
        os._exit(1)


def _tell(channel: Channel, reason: Reason) -> None:
    with contextlib.suppress(Closed):
        channel.send("failed", reason.model_dump())


class _Pupil:
    """An Objective at work. It is built when the core first asks."""

    def __init__(
        self, channel: Channel, lesson: Lesson, generator: torch.Generator, seal: Seal
    ) -> None:
        self._channel = channel
        self._seal = seal
        self._lesson = lesson
        self._generator = generator
        self._embed = RemoteEmbed(channel)
        self._counts = Counts()
        task = lesson.task
        self._view = TrainingView(lesson.part, lesson.prepare, task.method, self._counts)
        # Of its own, whatever becomes of what the Objective looks at.
        labels, attributes = self._view.labels, self._view.attributes
        self._labels = None if labels is None else labels.clone()
        self._known = lesson.part.known.clone()
        self._attributes = {name: codes.clone() for name, codes in attributes.items()}
        self._objective: Objective
        self._optimizers: Sequence[torch.optim.Optimizer] = ()
        self._guard: OptimizerGuard
        self._answers: Mapping[str, Callable[[Message], None]] = {
            "build": self._build,
            "prepare": self._prepare,
            "epoch": self._epoch,
            "step": self._step,
            "finish": self._finish,
            "end": self._end,
        }

    def answer(self, message: Message) -> None:
        """Do what the core asks for."""
        self._embed.forget_dropped()
        self._answers[message.word](message)

    def _done(
        self,
        facts: Mapping[str, Any] | None = None,
        arrays: Sequence[Tensor] = (),
        *,
        value: float = 0.0,
    ) -> None:
        self._embed.require_untouched()
        facts = {**(facts or {}), **self._embed.decline()}
        self._guard.check()
        if self._seal.broken_by is not None:  # also when the plugin caught the error
            raise SealedTestSet(f"{self._seal.broken_by} asked for")
        read = self._counts.images_read
        self._channel.send("done", facts, arrays, number=read, value=value)

    def _build(self, _: Message) -> None:
        lesson, task = self._lesson, self._lesson.task
        context = Context(**lesson.context, device=lesson.device, generator=self._generator)
        # Importing a plugin leaves no garbage, and looking for it takes as long again.
        gc.disable()
        objective = task.method.objective(task.hyperparameters, context)
        gc.enable()
        if not isinstance(objective, Objective):
            raise BadLoss(f"build returned {type(objective).__name__}, not an Objective")
        self._objective = objective.to(lesson.device).train()
        # A readout alone has nothing that trains.
        self._guard = OptimizerGuard([])
        self._done()

    def _prepare(self, _: Message) -> None:
        self._objective.prepare(self._view, self._embed)
        # What `prepare` made is trained as well.
        task = self._lesson.task
        rules, point = task.protocol.optimizers, task.hyperparameters
        self._optimizers = objective_optimizers(rules, self._objective, point)
        self._guard = OptimizerGuard(self._optimizers)
        self._done()

    def _epoch(self, message: Message) -> None:
        self._objective.begin_epoch(message.number, self._view, self._embed)
        if self._lesson.task.method.batch != "clusters":
            self._done()
            return
        found = self._objective.clusters()
        if not isinstance(found, Clusters):
            raise BadLoss(f"clusters returned {type(found).__name__}, not Clusters")
        self._done(arrays=[found.assignment, found.neighbours, found.weights])

    def _step(self, message: Message) -> None:
        clear_gradients(self._optimizers)
        loss = self._objective(self._batch_of(message), self._embed)
        if not isinstance(loss, Tensor):
            raise BadLoss(f"the loss is {type(loss).__name__}, not a tensor")
        if loss.ndim != 0:
            raise BadLoss(f"the loss has shape {tuple(loss.shape)}, not that of a scalar")
        if not loss.requires_grad:
            raise BadLoss("the loss has no gradient")
        with self._embed.wanting_gradients():
            loss.backward()  # type: ignore[no-untyped-call]
        # The core goes on to its own weights while this process sees to its own.
        self._done(value=loss.detach().float().item())
        set_rates(self._optimizers, message.number, self._lesson.context["steps"])
        for optimizer in self._optimizers:
            optimizer.step()
        self._guard.remember()

    def _batch_of(self, message: Message) -> Batch:
        """The batch that a message holds, by the names of its arrays, and what the part knows."""
        named = dict(zip(message.facts["names"], message.arrays, strict=False))
        self._embed.expect(named["inputs"], message)
        indices = named["indices"]
        return Batch(
            step=message.number,
            labels=None if self._labels is None else self._labels[indices],
            known=self._known[indices],
            attributes={name: codes[indices] for name, codes in self._attributes.items()},
            **named,
        )

    def _finish(self, _: Message) -> None:
        with torch.no_grad():
            readout = self._objective.finish(self._view, self._embed)
        found = require_readout(readout)
        offset = [] if found.offset is None else [found.offset]
        self._done({"of": found.of}, [found.matrix, *offset])

    def _end(self, _: Message) -> None:
        weights = self._objective.parameters()
        self._done({"parameters": sum(one.numel() for one in weights if one.requires_grad)})


_kept = Kept()


def begin_lesson(lesson: Lesson, line: socket.socket, memory: Memory) -> Child:
    """A process for a lesson: of the nursery, or of this one if the method lives in no plugin."""
    name = lesson.task.method.name
    build = lesson.task.method.build
    if not isinstance(build, Reference):

        def body() -> None:
            serve(Channel(line, memory, core=False, device=lesson.device), lesson)

        return fork_here(name, body, keep=(line.fileno(),))
    descriptors, inputs, shape = [line.fileno(), memory.descriptor], lesson.part.inputs, None
    if isinstance(inputs, Tensor):
        shape = Shape(inputs.dtype, tuple(inputs.shape))
        descriptors.append(_kept.descriptor(lesson.key, inputs))
        lesson = replace(lesson, part=replace(lesson.part, inputs=inputs[:0].cpu()))
    job = Job("harness.apart.pupil:serve_apart", (lesson, shape))
    return nursery().begin(name, job, descriptors, build.origin)
