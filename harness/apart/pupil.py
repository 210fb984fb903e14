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
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from harness.apart.channel import Channel, Closed, Message
from harness.apart.lesson import Lesson, placed
from harness.apart.memory import Memory
from harness.apart.shared import Shape, open_shared
from harness.data.dataset import Seal, SealedTestSet, sealed
from harness.execution.machine import make_deterministic
from harness.method.objective import Batch, Clusters, Context, Objective, Outputs
from harness.record import Reason
from harness.registry import confine
from harness.training.batching import TrainingView
from harness.training.embedding import Counts, require_readout
from harness.training.guard import OptimizerGuard, method_state
from harness.training.optimizers import objective_optimizers, set_rates
from harness.training.outcomes import BadLoss, Tampered, reason_of

FEATURES, LINEAR, EMBEDDINGS = "features", "linear", "embeddings"
WHOLE = (FEATURES, LINEAR, EMBEDDINGS)


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
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
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
        named = dict(zip(message.facts["names"], message.arrays, strict=True))
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


class RemoteEmbed:
    """The backbone, which is in the core's process, as a method sees it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._calls = 0
        self._dropped: list[int] = []
        self._loss_is_known = False
        self._copy: _Copy | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32 (B, embedding_size), with gradient."""
        return self._pass(inputs, (EMBEDDINGS,))[0]

    def features(self, inputs: Tensor) -> Tensor:
        """Trunk features, float32 (B, feature_size), with gradient."""
        return self._pass(inputs, (FEATURES,))[0]

    def outputs(self, inputs: Tensor) -> Outputs:
        """Features, unnormalised and final embeddings of one pass, with gradient."""
        return Outputs(*self._pass(inputs, WHOLE))

    @contextlib.contextmanager
    def wanting_gradients(self) -> Any:
        """Inside, gradients are those of the loss that the core asked for."""
        self._loss_is_known = True
        try:
            yield
        finally:
            self._loss_is_known = False

    @property
    def _backbone(self) -> nn.Module:
        """A copy of the network for whoever looks for it: the network itself is not here.

        It is that of the moment at which it was first asked for. What is done to it changes
        nothing, and fails the run if it would have changed the network.
        """
        if self._copy is None:
            self._channel.send("copy")
            self._copy = _Copy(self._answer())
        return self._copy.network

    def require_untouched(self) -> None:
        """Raise Tampered if the copy of the network was changed."""
        if self._copy is not None:
            self._copy.require_untouched()

    def _pass(self, inputs: Tensor, wanted: tuple[str, ...]) -> tuple[Tensor, ...]:
        if not torch.is_grad_enabled():
            return tuple(self.ask(inputs, wanted, gradient=False)[1].arrays)
        anchor = torch.ones((), requires_grad=True, device=inputs.device)
        passed: tuple[Tensor, ...] = _Pass.apply(anchor, inputs, self, wanted)  # type: ignore[no-untyped-call]
        return passed

    def ask(
        self, inputs: Tensor, wanted: tuple[str, ...], *, gradient: bool
    ) -> tuple[int, Message]:
        """Have the core embed inputs; the number of this pass, and what came of it."""
        self._calls += 1
        dropped, self._dropped = self._dropped, []
        facts = {
            "wanted": wanted,
            "gradient": gradient,
            "of_inputs": gradient and inputs.requires_grad,
            "dropped": tuple(dropped[-1000:]),
        }
        self._channel.send("embed", facts, [inputs], number=self._calls)
        return self._calls, self._answer()

    def return_gradients(
        self, number: int, gradients: Sequence[Tensor | None], *, of_inputs: bool
    ) -> Tensor | None:
        """Hand the core the gradients of what a pass gave; those of its inputs, if wanted."""
        which = tuple([place for place, gradient in enumerate(gradients) if gradient is not None])
        facts = {"which": which, "of_loss": self._loss_is_known}
        given = [gradient for gradient in gradients if gradient is not None]
        # The core has nothing else to do before the loss is there, and wakes once for both.
        self._channel.send("gradient", facts, given, number=number, later=not of_inputs)
        return self._answer().arrays[0] if of_inputs else None

    def drop(self, number: int) -> None:
        """Say, with the next question, that no gradient of this pass will come."""
        self._dropped.append(number)

    def forget_dropped(self) -> None:
        """The core keeps no pass beyond what it asked for: it need not hear of earlier ones."""
        self._dropped.clear()

    def _answer(self) -> Message:
        message = self._channel.receive()
        if message.word == "refused":
            text = str(message.facts["message"])
            raise (MemoryError if message.facts["memory"] else RuntimeError)(text)
        return message


class _Number:
    """The number of a pass, for as long as a gradient of it may come."""

    def __init__(self, embed: RemoteEmbed, number: int) -> None:
        self.embed = embed
        self.number = number

    def __del__(self) -> None:
        self.embed.drop(self.number)


class _Pass(torch.autograd.Function):
    """One pass through the backbone, as a step of this process's graph."""

    @staticmethod
    def forward(
        ctx: Any, _anchor: Tensor, inputs: Tensor, embed: RemoteEmbed, wanted: tuple[str, ...]
    ) -> tuple[Tensor, ...]:
        """Ask the core."""
        number, answer = embed.ask(inputs, wanted, gradient=True)
        ctx.number = _Number(embed, number)
        ctx.set_materialize_grads(False)
        has_graph = zip(answer.arrays, answer.facts["differentiable"], strict=True)
        ctx.mark_non_differentiable(*(array for array, has in has_graph if not has))
        return tuple(answer.arrays)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """Tell the core."""
        number: _Number = ctx.number
        found = number.embed.return_gradients(
            number.number, gradients, of_inputs=ctx.needs_input_grad[1]
        )
        return None, found, None, None


class _Copy:
    """A copy of the network, made of what the core sent, and what it was when it came."""

    def __init__(self, message: Message) -> None:
        import base64
        import pickle

        # From the core, which made it of a network of its own; its weights come beside it.
        content = base64.b64decode(message.facts["network"])
        self.network: nn.Module = pickle.loads(content).to_empty(device="cpu")  # noqa: S301
        state = self.network.state_dict()
        self._then = dict(zip(state, message.arrays, strict=True))
        self.network.load_state_dict(self._then)
        self._layers = self._list_layers()

    def require_untouched(self) -> None:
        """Raise Tampered where a layer, a weight or a buffer is not what it was."""
        now, weights = self.network.state_dict(), dict(self.network.named_parameters())
        shapes = {name: value.shape for name, value in now.items()}
        same = shapes == {name: value.shape for name, value in self._then.items()}
        if not same or self._list_layers() != self._layers:
            raise Tampered("the backbone was changed: its layers are not those that the core built")
        for name, value in now.items():
            if torch.equal(value, self._then[name]):
                continue
            if name in weights:
                raise Tampered("the backbone's weights were changed by something but the optimizer")
            raise Tampered(f"the backbone's {name} was changed by something but the core's passes")

    def _list_layers(self) -> list[tuple[str, type[nn.Module]]]:
        return [(name, type(module)) for name, module in self.network.named_modules()]
