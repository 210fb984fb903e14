"""An Objective in a process of its own, as the core's loop sees it: asked, answered, not believed.

The backbone stays here. The process gets batches and embeddings, and gives back gradients of
embeddings: it cannot reach a weight, the optimizer, the batches to come or anything that judges.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import math
import pickle
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harness.apart import Died, Gone
from harness.apart.channel import BadFrame, Channel, Closed, Message, TooMuch
from harness.apart.memory import Memory
from harness.apart.pupil import Lesson, begin_lesson
from harness.apart.remote import EMBEDDINGS, FEATURES, FORETOLD, WHOLE, Ahead
from harness.method.objective import Batch, Clusters, Readout
from harness.models.backbone import Backbone
from harness.training import BadLoss, PluginFailed, Tampered, TooLarge, told
from harness.training.embedding import AuditedEmbed, require_linear

DONE, EMBED, GRADIENT = "done", "embed", "gradient"
BATCHES = 16
"""Of how many batches a method may have embeddings with gradient at a time."""
_CHANNELS = 3  # a trunk may want so many of what is grey
REFUSED = (RuntimeError, ValueError, IndexError, TypeError, MemoryError)
"""What a network raises for inputs that do not suit it."""


@dataclass(frozen=True, eq=False)
class Question:
    """A question for embeddings: the pass that it will be, what is wanted of it, and of what.

    `gradient`: whether gradients of it may come back; `of_inputs`: and be asked back of `inputs`.
    """

    number: int
    wanted: tuple[str, ...]
    inputs: Tensor
    gradient: bool
    of_inputs: bool


@dataclass(frozen=True, eq=False)
class Returned:
    """Gradients that came back of what a pass gave, each of the shape and dtype of its output.

    `places`: of those outputs among all that the pass gave.
    """

    number: int
    inputs: Tensor
    places: Sequence[int]
    outputs: Sequence[Tensor]
    gradients: Sequence[Tensor]


class ObjectiveApart:
    """A conversation with the process of one Objective, which begins when this is made."""

    def __init__(self, lesson: Lesson, backbone: Backbone) -> None:
        self.embed = AuditedEmbed(backbone)
        self.images_read = 0
        self.spent = Gone(0, 0.0, 0)
        self._backbone = backbone
        self.ahead = Ahead(backbone, self.embed.counts)
        self._lesson = lesson
        self._passes: dict[int, tuple[Tensor, Sequence[Tensor]]] = {}
        self._stepping = self._copied = False
        self._inputs: Tensor
        self._memory = Memory()
        self._line, theirs = socket.socketpair()
        rules = lesson.task.protocol.training
        one = _CHANNELS * math.prod(lesson.part.inputs.shape[1:])
        self._most_differentiable = one * BATCHES * rules.batch_size
        self._most_values = one * max(BATCHES * rules.batch_size, len(lesson.part))
        given = backbone.trunk.feature_size + 2 * lesson.context["embedding_size"]
        self._channel = Channel(
            self._line,
            self._memory,
            core=True,
            device=lesson.device,
            most_bytes=(1 << 20) + 4 * (one + given) * (self._most_values // one),
        )
        try:
            self._child = begin_lesson(lesson, theirs, self._memory)
        finally:
            theirs.close()
        self._child.watch(self._line.fileno())
        try:
            self._ask("build")
        except BaseException:
            self.end()
            raise

    def prepare(self) -> None:
        """Have it prepare."""
        self._ask("prepare")

    def begin_epoch(self, epoch: int) -> None:
        """Have it begin an epoch."""
        self._ask("epoch", number=epoch)

    def begin_epoch_of_clusters(self, epoch: int) -> Clusters:
        """Have it begin an epoch, and say how it has divided the training part."""
        arrays = self._ask("epoch", number=epoch).arrays
        if len(arrays) != 3:
            raise Tampered("clusters are three arrays")
        return Clusters(*arrays)

    def step(self, batch: Batch) -> float:
        """The loss of a batch; its gradients are in the backbone's weights then."""
        self.begin_step(batch, self._foretold(batch))
        while (message := self.hear()).word != DONE:
            self.answer(message)
        return self.end_step(message)

    def begin_step(self, batch: Batch, foretold: Sequence[Tensor] = ()) -> None:
        """Give it a batch. What it says then is to be heard and answered, until it is DONE.

        `foretold`: what it will ask for first.
        """
        names, arrays = _named(batch)
        self._stepping, self._inputs = True, batch.inputs
        facts: dict[str, Any] = {"names": names}
        if foretold:
            self._passes[FORETOLD] = (batch.inputs, foretold)
            facts |= {"wanted": self.ahead.wanted, "differentiable": _differentiable(foretold)}
        self._say("step", facts, [*arrays, *foretold], number=batch.step)

    def _foretold(self, batch: Batch) -> Sequence[Tensor]:
        """What it will ask for, if that is known."""
        if not self.ahead.wanted:
            return ()
        self.ahead.begin()
        try:
            with torch.enable_grad():
                return self._passed(batch.inputs, self.ahead.wanted)
        except REFUSED:  # it will be told when it asks
            self.ahead.undo()
            return ()

    def end_step(self, answer: Message) -> float:
        """The loss that it is done with."""
        self._stepping = self.ahead.open = False
        return answer.value

    def finish(self) -> Readout:
        """Its readout, checked to be a linear one."""
        answer = self._ask("finish")
        if len(answer.arrays) not in (1, 2):
            raise BadLoss("a readout is a matrix, and an offset or none")
        matrix, offset = (*answer.arrays, None)[:2]
        assert matrix is not None
        return require_linear(
            Readout(answer.facts.get("of"), matrix, offset),  # type: ignore[arg-type]
            feature_size=self._backbone.trunk.feature_size,
            embedding_size=self._lesson.context["embedding_size"],
        )

    def count_parameters(self) -> int:
        """How many parameters it says that it trains."""
        return _count(self._ask("end").facts.get("parameters"))

    def end(self) -> None:
        """End the process; `spent` is what it cost then."""
        self.spent = self._child.end()
        self._passes.clear()
        self._line.close()
        self._memory.close()

    def _ask(self, word: str, *, number: int = 0) -> Message:
        """Ask for something, and answer what is asked meanwhile."""
        self._say(word, number=number)
        while (message := self.hear()).word != DONE:
            self.answer(message)
        return message

    def _say(
        self,
        word: str,
        facts: Mapping[str, Any] | None = None,
        arrays: Sequence[Tensor] = (),
        *,
        number: int = 0,
    ) -> None:
        with contextlib.suppress(Closed):  # it may have said why before it was gone
            self._channel.send(word, facts, arrays, number=number)

    def hear(self) -> Message:
        """What it says next. Raises Died if it is gone, PluginFailed if it says that it failed."""
        with self.speaking():
            message = self._channel.receive(lambda: self._child.wait_for(self._line.fileno()))
            if message.facts.get("declined") is True:
                self._decline()
            if message.word == DONE:
                self._passes.clear()
                self.images_read = _count(message.number)
        if message.word == "failed":
            said = (message.facts.get(name) for name in ("kind", "message", "traceback"))
            raise PluginFailed(told(*said))
        return message

    def _decline(self) -> None:
        if not self.ahead.open:
            raise BadFrame("that it declines what it was not offered")
        self._passes.pop(FORETOLD, None)
        self.ahead.undo()

    def answer(self, message: Message) -> None:
        """Answer what it asked, by this run's own network."""
        with self.speaking():
            if message.word == EMBED:
                self.embed_alone(self.question(message))
            elif message.word == GRADIENT:
                self.go_back_alone(self.returned(message))
            elif message.word == "copy":
                self._send_copy()
            else:
                raise BadFrame("a word that is not of this line")

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """Inside, a line that is closed raises Died, and what is not of this line Tampered."""
        try:
            yield
        except Closed:
            raise Died(self._child.how_it_ended()) from None
        except TooMuch as error:
            raise TooLarge(f"the method gave the core {error}") from None
        except BadFrame as error:
            raise Tampered(f"the method's process sent {error}") from None

    def question(self, message: Message) -> Question:
        """The question that a message asks, once it is checked to be one."""
        facts, arrays = message.facts, message.arrays
        number, asked, gone = _count(message.number), facts.get("wanted"), facts.get("dropped")
        wanted = tuple(asked) if isinstance(asked, list) else ()
        known = wanted in ((EMBEDDINGS,), (FEATURES,), WHOLE)
        if len(arrays) != 1 or not known or not isinstance(gone, list):
            raise BadFrame("a question for embeddings that is not of this line")
        for dropped in gone:
            self._passes.pop(_count(dropped), None)
        gradient = facts.get("gradient") is True
        of_inputs = gradient and facts.get("of_inputs") is True
        self._require_room(arrays[0], gradient=gradient)
        if self._stepping and not self.ahead.decided:
            self.ahead.learn(wanted, arrays[0], self._inputs, plain=gradient and not of_inputs)
        return Question(number, wanted, arrays[0], gradient=gradient, of_inputs=of_inputs)

    def _require_room(self, inputs: Tensor, *, gradient: bool) -> None:
        """Raise TooLarge where a network would hold more for a question than honest ones take."""
        asked, most, what = inputs.numel(), self._most_values, "embeddings"
        if gradient:
            asked += sum(held.numel() for held, _ in self._passes.values())
            most, what = self._most_differentiable, "embeddings with gradient"
        if asked > most:
            raise TooLarge(
                f"the method asked for {what} of {asked:,} values at a time (allowed: {most:,})"
            )

    def embed_alone(self, question: Question) -> None:
        """Pass inputs through this run's backbone, with or without a graph to go back by."""
        inputs = question.inputs
        try:
            inputs.requires_grad_(question.of_inputs)
            with torch.set_grad_enabled(question.gradient):
                outputs = self._passed(inputs, question.wanted)
        except REFUSED as error:
            lacking = isinstance(error, MemoryError | torch.OutOfMemoryError)
            self._channel.send("refused", {"message": str(error)[:2000], "memory": lacking})
            return
        self.reply(question, outputs)

    def reply(self, question: Question, outputs: Sequence[Tensor]) -> None:
        """Give it what its question wanted; gradients of it may come back."""
        if question.gradient:
            self._passes[question.number] = (question.inputs, outputs)
        self._channel.send("embedded", {"differentiable": _differentiable(outputs)}, outputs)

    def _passed(self, inputs: Tensor, wanted: Sequence[str]) -> list[Tensor]:
        if len(wanted) > 1:
            return list(self.embed.outputs(inputs))
        return [self.embed(inputs) if wanted[0] == EMBEDDINGS else self.embed.features(inputs)]

    def returned(self, message: Message) -> Returned:
        """The gradients that a message brings, once they are checked to be of one of its passes."""
        facts, gradients = message.facts, message.arrays
        if not self._stepping or facts.get("of_loss") is not True:
            raise Tampered("the objective ran a backward pass of its own into the backbone")
        number = _count(message.number)
        found = self._passes.pop(number, None)
        if number == FORETOLD:
            self.ahead.open = False
        which = facts.get("which")
        if found is None or not isinstance(which, list) or len(which) != len(gradients):
            raise Tampered("gradients came of a pass that there was not, or not any more")
        inputs, outputs = found
        places = [place for place in map(_count, which) if place < len(outputs)]
        chosen = [outputs[place] for place in places]
        if [one.shape for one in chosen] != [one.shape for one in gradients] or not all(
            one.requires_grad for one in chosen
        ):
            raise Tampered("gradients came that are not of what was given")
        own = [gradient.to(one.dtype) for one, gradient in zip(chosen, gradients, strict=True)]
        return Returned(number, inputs, places, chosen, own)

    def go_back_alone(self, returned: Returned) -> None:
        """Let the gradients of one pass flow into the backbone's weights."""
        torch.autograd.backward(returned.outputs, returned.gradients)
        if (inputs := returned.inputs).requires_grad:
            grad = torch.zeros_like(inputs) if inputs.grad is None else inputs.grad
            self._channel.send("gradients", arrays=[grad])

    def _send_copy(self) -> None:
        """Send a copy of the network, once: its layers, the weights beside them."""
        if self._copied:
            raise BadFrame("that it wants another copy of the network")
        self._copied = True
        empty = copy.deepcopy(self._backbone).to("meta")
        content = base64.b64encode(pickle.dumps(empty)).decode()
        weights = [value.detach().cpu() for value in self._backbone.state_dict().values()]
        self._channel.send("copied", {"network": content}, weights)


def _named(batch: Batch) -> tuple[tuple[str, ...], list[Tensor]]:
    """The arrays of a batch, and what each is; the rest follows from the indices."""
    given = {name: getattr(batch, name) for name in ("inputs", "indices", "second", "relevance")}
    found = {name: value for name, value in given.items() if value is not None}
    return tuple(found), list(found.values())


def _differentiable(outputs: Sequence[Tensor]) -> tuple[bool, ...]:
    return tuple([output.requires_grad for output in outputs])


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise BadFrame("a number that is none")
    return value
