"""Several runs of one method, trained step by step together: their networks compute as one.

Each run keeps its Objective in a process of its own, its batches, its validation and its end; the
passes alone are shared. What a run asks for that the others do not ask for too is answered by its
own network, whose weights are slices of the shared ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from harness.apart.channel import Message
from harness.apart.objective import (
    DONE,
    EMBED,
    GRADIENT,
    REFUSED,
    ObjectiveApart,
    Question,
    Returned,
)
from harness.apart.remote import EMBEDDINGS, FEATURES, FORETOLD
from harness.method.objective import Batch, Outputs
from harness.models.stacked import Stack
from harness.training import Clock, spent_on
from harness.training.loop import Loop, Trained
from harness.training.optimizers import backbone_optimizers, clear_gradients, take_step


@dataclass(eq=False)
class Member:
    """One run of a cohort, and how it ended: `trained`, or what went wrong."""

    loop: Loop
    clock: Clock
    trained: Trained | None = None
    failure: BaseException | None = None

    @property
    def active(self) -> bool:
        """Whether it is still to be trained."""
        return self.trained is None and self.failure is None

    @property
    def objective(self) -> ObjectiveApart:
        """Its conversation with the process of its Objective."""
        return self.loop.objective

    @contextmanager
    def answering(self) -> Iterator[None]:
        """What goes wrong inside is this run's end and no other's."""
        try:
            with self.objective.speaking():
                yield
        except Exception as error:
            self.failure = error


@dataclass(eq=False)
class _JointPass:
    """A pass of several members at once: what was wanted of it, and who has yet to come back."""

    outputs: Sequence[Tensor]
    left: set[Member] = field(default_factory=set)


class Cohort:
    """Runs of one method and protocol, of networks that `why_not_stacked` has nothing against."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = list(members)
        self._stacked: list[Member] = []
        self._stack: Stack | None = None
        self._passes: dict[tuple[Member, int], _JointPass] = {}

    @property
    def active(self) -> list[Member]:
        """Those that are still to be trained."""
        return [member for member in self._members if member.active]

    def train(self) -> None:
        """Train every member to its end.

        Raises only what is no member's own fault, such as a lack of memory for all at once.
        """
        try:
            self._each(lambda member: member.loop.begin())
            if self.active:
                self._train()
        finally:
            self._restack([])

    def _train(self) -> None:
        rules = self.active[0].loop.rules
        backbones = [member.loop.backbone for member in self.active]
        optimizers = backbone_optimizers(rules.optimizers, *backbones)
        self._each(self._end_if_over)
        while self.active:
            self._round(optimizers, rules.training.steps)
            self._each(lambda member: member.loop.require_learning())
            self._each(lambda member: member.loop.validate())
            self._each(self._end_if_over)

    def _end_if_over(self, member: Member) -> None:
        if member.loop.over:
            member.trained = member.loop.finish()

    def _each(self, do: Callable[[Member], object]) -> None:
        """Do something with every active member by itself; it counts as its own time."""
        for member in self.active:
            with spent_on(member.clock), member.answering():
                do(member)

    def _round(self, optimizers: Sequence[torch.optim.Optimizer], steps: int) -> None:
        """Take the steps until the next validation."""
        began, members = time.perf_counter(), self.active
        rounds = {member: member.loop.steps_of_a_round() for member in members}
        with spent_on(*(member.clock for member in members)):
            while (step := self._next_step(rounds)) is not None:
                self._step(optimizers, step, steps)
        share = (time.perf_counter() - began) / len(members)
        for member in members:
            member.loop.seconds += share

    def _next_step(self, rounds: Mapping[Member, Iterator[int]]) -> int | None:
        """The step that all have come to, an epoch begun where one begins; None at the end."""
        step = None
        for member in self.active:
            with member.answering():
                step = next(rounds[member], None)
        return step

    def _step(self, optimizers: Sequence[torch.optim.Optimizer], step: int, steps: int) -> None:
        if self._stacked != self.active:
            self._restack(self.active)
        clear_gradients(optimizers)
        batches: dict[Member, Batch] = {}
        for member in self.active:
            with member.answering():
                batches[member] = member.loop.batch(step)
        foretold = self._foretold(batches)
        for member, batch in batches.items():
            with member.answering():
                member.objective.begin_step(batch, foretold.get(member, ()))
        for member, loss in self._converse().items():
            with member.answering():
                member.loop.note_loss(step, loss)
        self._passes.clear()
        take_step(optimizers, step, steps)

    def _foretold(self, batches: Mapping[Member, Batch]) -> Mapping[Member, Sequence[Tensor]]:
        """What all will ask for first, by one pass; nothing where that is not known of each."""
        wanted = {member.objective.ahead.wanted for member in batches}
        if self._stack is None or list(batches) != self._stacked or len(wanted) > 1:
            return {}
        (first,) = wanted
        if not first:
            return {}
        for member in batches:
            member.objective.ahead.begin()
        inputs = {member: batch.inputs for member, batch in batches.items()}
        found = self._passed(inputs, first, numbers=dict.fromkeys(batches, FORETOLD))
        if found is None:
            for member in batches:
                member.objective.ahead.undo()
        return found or {}

    def _restack(self, members: Sequence[Member]) -> None:
        if self._stack is not None:
            self._stack.release()
        self._stacked = list(members)
        backbones = [member.loop.backbone for member in members]
        self._stack = Stack(backbones) if len(backbones) > 1 else None

    def _converse(self) -> dict[Member, float]:
        """Answer every member's Objective until it is done with the step; the losses."""
        losses: dict[Member, float] = {}
        while talking := [member for member in self.active if member not in losses]:
            heard: dict[str, dict[Member, Message]] = {EMBED: {}, GRADIENT: {}}
            for member in talking:
                with member.answering():
                    message = member.objective.hear()
                    if message.word in heard:
                        heard[message.word][member] = message
                    elif message.word == DONE:
                        losses[member] = member.objective.end_step(message)
                    else:
                        member.objective.answer(message)
            self._embed(heard[EMBED])
            self._go_back(heard[GRADIENT])
        return losses

    def _embed(self, asked: Mapping[Member, Message]) -> None:
        questions: dict[Member, Question] = {}
        for member, message in asked.items():
            with member.answering():
                questions[member] = member.objective.question(message)
        if self._alike(questions) and self._embed_as_one(questions):
            return
        for member, question in questions.items():
            with member.answering():
                member.objective.embed_alone(question)

    def _alike(self, questions: Mapping[Member, Question]) -> bool:
        """Whether all members of the stack ask the same of inputs of one shape."""
        if self._stack is None or list(questions) != self._stacked:
            return False
        kinds = {
            (one.wanted, one.gradient, one.of_inputs, one.inputs.shape, one.inputs.dtype)
            for one in questions.values()
        }
        first = next(iter(questions.values()))
        backbone = self._stacked[0].loop.backbone
        fits = first.inputs.dtype == torch.float32 and first.inputs.shape[1:] == torch.Size(
            backbone.input_shape
        )
        return len(kinds) == 1 and not first.of_inputs and fits

    def _embed_as_one(self, questions: Mapping[Member, Question]) -> bool:
        """Answer all by one pass; False where the network refuses, as each is told then."""
        first = next(iter(questions.values()))
        inputs = {member: one.inputs for member, one in questions.items()}
        numbers = {member: one.number for member, one in questions.items()}
        with torch.set_grad_enabled(first.gradient):
            found = self._passed(inputs, first.wanted, numbers=numbers)
        if found is None:
            return False
        for member, question in questions.items():
            with member.answering():
                member.objective.reply(question, found[member])
        return True

    def _passed(
        self,
        inputs: Mapping[Member, Tensor],
        wanted: Sequence[str],
        *,
        numbers: Mapping[Member, int],
    ) -> Mapping[Member, Sequence[Tensor]] | None:
        """What one pass gives to each member of the stack, by the number that each has for it.

        None where the network refuses its inputs.
        """
        assert self._stack is not None
        try:
            outputs = _wanted(self._stack.outputs(torch.stack(list(inputs.values()))), wanted)
        except REFUSED:
            return None
        shared = _JointPass(outputs, set(inputs))
        for member, own in inputs.items():
            member.objective.embed.counts.images_embedded += len(own)
            self._passes[member, numbers[member]] = shared
        pieces = zip(*(output.unbind() for output in outputs), strict=True)
        return dict(zip(inputs, pieces, strict=True))

    def _go_back(self, heard: Mapping[Member, Message]) -> None:
        shared: dict[_JointPass, dict[Member, Returned]] = {}
        for member, message in heard.items():
            with member.answering():
                returned = member.objective.returned(message)
                found = self._passes.get((member, returned.number))
                if found is None:
                    member.objective.go_back_alone(returned)
                else:
                    shared.setdefault(found, {})[member] = returned
        for one, gradients in shared.items():
            self._go_back_as_one(one, gradients)

    def _go_back_as_one(self, shared: _JointPass, returned: Mapping[Member, Returned]) -> None:
        """One backward pass for all members whose gradients came; the others' are nought in it."""
        assert self._stack is not None
        shared.left.difference_update(returned)
        outputs, gradients, any_at_all = [], [], []
        for place, output in enumerate(shared.outputs):
            if not any(place in one.places for one in returned.values()):
                continue
            own = [_gradient(returned.get(member), place, output) for member in self._stacked]
            outputs.append(output)
            gradients.append(torch.stack(own))
            any_at_all.append(gradients[-1].flatten(1).any(dim=1))
        if outputs:
            more = any(member.active for member in shared.left)
            torch.autograd.backward(outputs, gradients, retain_graph=more)
        zero = ~torch.stack(any_at_all).any(dim=0) if any_at_all else None
        places = [self._stacked.index(member) for member in returned]
        self._stack.return_gradients(places)
        for place in places:
            counts = self._stacked[place].objective.embed.counts
            counts.backward_passes += 1
            if zero is not None:
                counts.zero_gradients = counts.zero_gradients + zero[place]


def _wanted(found: Outputs, wanted: Sequence[str]) -> list[Tensor]:
    """Of what a pass gives, what was asked for."""
    if len(wanted) > 1:
        return list(found)
    return [{EMBEDDINGS: found.embeddings, FEATURES: found.features}[wanted[0]]]


def _gradient(returned: Returned | None, place: int, output: Tensor) -> Tensor:
    """The gradient of one member's part of an output, (B, size)."""
    if returned is None or place not in returned.places:
        return torch.zeros_like(output[0])
    return returned.gradients[list(returned.places).index(place)]
