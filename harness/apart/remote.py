"""The backbone as a method's process has it: questions to the core, and gradients back to it.

Most methods ask the same at every step: the first question is answered before it is asked. What
was computed in vain leaves no trace: buffers, the random generator and the counts are put back as
they were, and nothing is foretold in that run again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from harness.apart.channel import Channel, Message
from harness.method.objective import Outputs
from harness.models.backbone import Backbone, Trunk
from harness.training import Tampered
from harness.training.embedding import Counts

FEATURES, LINEAR, EMBEDDINGS = "features", "linear", "embeddings"
WHOLE = (FEATURES, LINEAR, EMBEDDINGS)
FORETOLD = 0
"""The number of the pass that the core makes before it is asked."""


class RemoteEmbed:
    """The backbone, which is in the core's process, as a method sees it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._calls = 0
        self._dropped: list[int] = []
        self._loss_is_known = False
        self._copy: _Copy | None = None
        self._ahead: _Foretold | None = None

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
            self._channel.send("copy", self.decline())
            self._copy = _Copy(self._answer())
        return self._copy.network

    def require_untouched(self) -> None:
        """Raise Tampered if the copy of the network was changed."""
        if self._copy is not None:
            self._copy.require_untouched()

    def _pass(self, inputs: Tensor, wanted: tuple[str, ...]) -> tuple[Tensor, ...]:
        if not torch.is_grad_enabled():
            return tuple(self.ask(inputs, wanted, gradient=False).outputs)
        anchor = torch.ones((), requires_grad=True, device=inputs.device)
        told = None
        if self._ahead is not None and self._ahead.answers(inputs, wanted):
            told, self._ahead = self._ahead.told, None
        passed: tuple[Tensor, ...] = _RemotePass.apply(anchor, inputs, self, wanted, told)  # type: ignore[no-untyped-call]
        return passed

    def expect(self, inputs: Tensor, message: Message) -> None:
        """Keep what came with a batch of what will be asked of it, if anything did."""
        facts = message.facts
        if "wanted" in facts:
            outputs = message.arrays[len(facts["names"]) :]
            told = _PassTold(FORETOLD, outputs, facts["differentiable"])
            self._ahead = _Foretold(inputs, inputs._version, tuple(facts["wanted"]), told)

    def decline(self) -> Mapping[str, Any]:
        """What to tell the core with the next message, if what it foretold was not asked first."""
        ahead, self._ahead = self._ahead, None
        return {} if ahead is None else {"declined": True}

    def ask(self, inputs: Tensor, wanted: tuple[str, ...], *, gradient: bool) -> _PassTold:
        """Have the core embed inputs."""
        self._calls += 1
        dropped, self._dropped = self._dropped, []
        facts = {
            "wanted": wanted,
            "gradient": gradient,
            "of_inputs": gradient and inputs.requires_grad,
            "dropped": tuple(dropped[-1000:]),
            **self.decline(),
        }
        self._channel.send("embed", facts, [inputs], number=self._calls)
        answer = self._answer()
        return _PassTold(self._calls, answer.arrays, answer.facts["differentiable"])

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


class _PassTold(NamedTuple):
    """What came of a pass: its number, what was wanted of it, and what of it has a gradient."""

    number: int
    outputs: Sequence[Tensor]
    differentiable: Sequence[bool]


class _Foretold(NamedTuple):
    """What the core foretold of a batch, as it came."""

    inputs: Tensor
    version: int
    wanted: tuple[str, ...]
    told: _PassTold

    def answers(self, inputs: Tensor, wanted: tuple[str, ...]) -> bool:
        """Whether this is what it would say."""
        same = inputs is self.inputs and inputs._version == self.version
        return same and wanted == self.wanted and not inputs.requires_grad


class _Number:
    """The number of a pass, for as long as a gradient of it may come."""

    def __init__(self, embed: RemoteEmbed, number: int) -> None:
        self.embed = embed
        self.number = number

    def __del__(self) -> None:
        self.embed.drop(self.number)


class _RemotePass(torch.autograd.Function):
    """One pass through the backbone, as a step of this process's graph."""

    @staticmethod
    def forward(
        ctx: Any,
        _anchor: Tensor,
        inputs: Tensor,
        embed: RemoteEmbed,
        wanted: tuple[str, ...],
        told: _PassTold | None,
    ) -> tuple[Tensor, ...]:
        """Ask the core, if it has not told already."""
        if told is None:
            told = embed.ask(inputs, wanted, gradient=True)
        ctx.number = _Number(embed, told.number)
        ctx.set_materialize_grads(False)
        has_graph = zip(told.outputs, told.differentiable, strict=True)
        ctx.mark_non_differentiable(*(array for array, has in has_graph if not has))
        return tuple(told.outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """Tell the core."""
        number: _Number = ctx.number
        found = number.embed.return_gradients(
            number.number, gradients, of_inputs=ctx.needs_input_grad[1]
        )
        return None, found, None, None, None


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


class Ahead:
    """What is known of how a method's steps begin.

    `wanted`: of the batch; empty where nothing is foretold. `open`: whether a pass was foretold
    that may yet be declined.
    """

    def __init__(self, backbone: Backbone, counts: Counts) -> None:
        self.wanted: tuple[str, ...] = ()
        self.open = False
        # A plugin's trunk may keep what nobody can put back.
        self.decided = any(
            isinstance(module, Trunk) and module.apart for module in backbone.modules()
        )
        self._counts = counts
        self._buffers = list(backbone.buffers())
        self._before: list[Tensor] = []
        self._state: Tensor
        self._counted: dict[str, Tensor | int] = {}

    def learn(self, wanted: tuple[str, ...], inputs: Tensor, batch: Tensor, *, plain: bool) -> None:
        """Take note of the first question of the first step: what, and of which inputs.

        `plain`: gradients of it may come, and none are asked back of the inputs.
        """
        self.decided = True
        # The generator of a card is not put back.
        if plain and batch.device.type == "cpu" and torch.equal(inputs, batch):
            self.wanted = wanted

    def begin(self) -> None:
        """Take note of all that a pass changes."""
        self.open = True
        if not self._before:
            self._before = [buffer.detach().clone() for buffer in self._buffers]
        elif self._buffers:
            with torch.no_grad():
                torch._foreach_copy_(self._before, self._buffers)
        self._state, self._counted = torch.get_rng_state(), dict(vars(self._counts))

    def undo(self) -> None:
        """Have the pass since `begin` never been, and foretell nothing from now on."""
        self.wanted, self.open = (), False
        with torch.no_grad():
            for buffer, before in zip(self._buffers, self._before, strict=True):
                buffer.copy_(before)
        torch.set_rng_state(self._state)
        vars(self._counts).update(self._counted)
