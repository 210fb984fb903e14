"""A plugin's trunk: its code in a process of its own, its weights here.

The process gets inputs, weights and the state of the random generator, and gives features and
gradients. It never sees a label, a score, the store or the optimizer.
"""

from __future__ import annotations

import os
import socket
import weakref
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from harness.apart.channel import Channel, Closed, Message
from harness.apart.helping import CPU, Helper
from harness.apart.memory import Memory
from harness.errors import plain
from harness.hookspecs import BackboneSource
from harness.models import starting_trunk
from harness.models.backbone import Trunk, freeze_batch_norm
from harness.protocol.model import BackboneRule
from harness.registry import Reference, confine
from harness.sandbox import weight_caches
from harness.training import PluginFailed, Tampered, reason_of, told


class TrunkApart(Trunk):
    """Its parameters and buffers, by the names that the plugin's network has them by."""

    apart = True

    def __init__(self, source: BackboneSource, rule: BackboneRule, shape: tuple[int, ...]) -> None:
        super().__init__()
        assert isinstance(source.build, Reference)
        given = (source, rule, shape, torch.get_num_threads())
        name = f"backbone {plain(source.name, 60)}"
        origin, reads = source.build.origin, weight_caches()
        helper = Helper(name, "harness.apart.trunk:serve", given, origin, reads=reads)
        self._helper: Helper | None = helper
        weakref.finalize(self, _end, helper, os.getpid())
        self._passes = 0
        self._sent: list[Tensor] = []
        self._built(self._ask("build", {}, [torch.get_rng_state()]))

    @property
    def processor_seconds(self) -> float:
        """What its process has computed until now."""
        return 0.0 if self._helper is None else self._helper.processor_seconds()

    def __getstate__(self) -> dict[str, Any]:
        """A copy has the weights, and nobody who computes with them."""
        return {**vars(self), "_helper": None, "_sent": []}

    def forward(self, inputs: Tensor) -> Tensor:
        """Features, with gradient for the weights, and for inputs that want one."""
        if not torch.is_grad_enabled():
            return self._pass(inputs, gradient=False)[1]
        features: Tensor = _Pass.apply(self, inputs, *self.parameters())  # type: ignore[no-untyped-call]
        return features

    def _built(self, message: Message) -> None:
        facts, (state, *values) = message.facts, message.arrays
        torch.set_rng_state(state)
        size, named = facts.get("feature_size"), facts.get("named")
        if type(size) is not int or not isinstance(named, list) or len(named) != len(values):
            raise Tampered("a trunk's process said something else than what it built")
        self.feature_size = size
        for (name, kind), value in zip(named, values, strict=True):
            *path, last = name.split(".")
            owner: nn.Module = self
            for part in path:
                if part not in owner._modules:
                    owner.add_module(part, nn.Module())
                owner = owner.get_submodule(part)
            if kind in ("weight", "fixed"):
                parameter = nn.Parameter(value, requires_grad=kind == "weight")
                owner.register_parameter(last, parameter)
            else:
                owner.register_buffer(last, value, persistent=kind == "buffer")

    def _pass(self, inputs: Tensor, *, gradient: bool) -> tuple[int, Tensor]:
        """One pass: its number, and the features; buffers and generator are as it left them."""
        self._passes += 1
        device = inputs.device
        held = [*self.parameters(), *self.buffers()]
        # By value: a fused step of an optimizer raises no counter.
        new = not self._sent or not all(map(torch.equal, held, self._sent))
        computing = (
            str(torch.get_autocast_dtype(device.type)).removeprefix("torch.")
            if torch.is_autocast_enabled(device.type)
            else ""
        )
        facts = {
            "pass": self._passes,
            "device": str(device),
            "training": self.training,
            "gradient": gradient,
            "of_inputs": gradient and inputs.requires_grad,
            "autocast": computing,
        }
        arrays = [inputs, torch.get_rng_state(), *(held if new else ())]
        answer = self._ask("forward", facts, arrays)
        features, state, *left = (array.to(device) for array in answer.arrays)
        buffers = list(self.buffers())
        shapes = [one.shape for one in left] == [one.shape for one in buffers]
        if not shapes or features.shape != (len(inputs), self.feature_size):
            raise Tampered(f"a trunk gave features of shape {tuple(features.shape)}")
        torch.set_rng_state(state.cpu())
        with torch.no_grad():
            for buffer, value in zip(buffers, left, strict=True):
                buffer.copy_(value)
        if new or self.training:
            self._sent = [one.detach().clone() for one in held]
        return self._passes, features

    def _gradients(self, number: int, gradient: Tensor) -> Mapping[int, Tensor]:
        """Those of inputs (0) and weights (from 1 on) that a pass has."""
        answer = self._ask("backward", {"pass": number}, [gradient])
        which = answer.facts.get("which")
        if not isinstance(which, list) or len(which) != len(answer.arrays):
            raise Tampered("a trunk's process gave gradients without saying of what")
        found = (array.to(gradient.device) for array in answer.arrays)
        return dict(zip(map(int, which), found, strict=True))

    def _ask(self, word: str, facts: dict[str, Any], arrays: Sequence[Tensor]) -> Message:
        if self._helper is None:
            raise RuntimeError("this is a copy of a plugin's trunk, which computes nothing")
        answer = self._helper.ask(word, facts, [array.cpu() for array in arrays])
        if answer.word != "done":
            said = answer.facts
            raise PluginFailed(told(said.get("kind"), said.get("message"), said.get("traceback")))
        return answer


def _end(helper: Helper, owner: int) -> None:
    if os.getpid() == owner:  # and not a process that was forked from it
        helper.end()


class _Pass(torch.autograd.Function):
    """One pass, as a step of the core's graph."""

    @staticmethod
    def forward(ctx: Any, trunk: TrunkApart, inputs: Tensor, *weights: Tensor) -> Tensor:
        """Ask the process."""
        ctx.trunk, ctx.shapes = trunk, [inputs.shape, *(one.shape for one in weights)]
        ctx.number, features = trunk._pass(inputs, gradient=True)
        return features

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Ask it for the gradients."""
        found = ctx.trunk._gradients(ctx.number, gradient)
        for place, one in found.items():
            if not 0 <= place < len(ctx.shapes) or one.shape != ctx.shapes[place]:
                raise Tampered("a trunk's process gave gradients of other shapes")
        wanted = (found.get(place) for place in range(len(ctx.shapes)))
        return None, *wanted


def serve(given: tuple[Any, ...], descriptors: Sequence[int]) -> None:
    """Build the trunk, and compute with it until nobody asks."""
    source, rule, shape, threads = given
    line, memory = descriptors
    confine()
    torch.set_num_threads(threads)
    channel = Channel(socket.socket(fileno=line), Memory.of(memory), core=False, device=CPU)
    try:
        server = _Server(source, rule, shape)
        while True:
            message = channel.receive()
            channel.send("done", *server.answer(message))
    except Closed:
        return
    except BaseException as error:
        channel.send("failed", reason_of(error).model_dump())


class _Server:
    def __init__(self, source: BackboneSource, rule: BackboneRule, shape: tuple[int, ...]) -> None:
        self._build = partial(starting_trunk(source, source.weights_named(rule.weights)), shape)
        self._frozen = rule.freeze_batch_norm
        self._trunk: Trunk
        self._passes: dict[int, tuple[Tensor, Tensor]] = {}

    def answer(self, message: Message) -> tuple[dict[str, Any], list[Tensor]]:
        """Facts and arrays for what is asked."""
        answers = {"build": self._built, "forward": self._forward, "backward": self._backward}
        return answers[message.word](message)

    def _built(self, message: Message) -> tuple[dict[str, Any], list[Tensor]]:
        torch.set_rng_state(message.arrays[0])
        self._trunk = self._build()
        if not isinstance(self._trunk, Trunk):
            raise TypeError(f"build returned {type(self._trunk).__name__}, not a Trunk")
        if self._frozen:
            freeze_batch_norm(self._trunk)
        kept = self._trunk.state_dict().keys()
        named: list[tuple[str, str]] = []
        for name, weight in self._trunk.named_parameters():
            named.append((name, "weight" if weight.requires_grad else "fixed"))
        for name, _ in self._trunk.named_buffers():
            named.append((name, "buffer" if name in kept else "passing"))
        facts = {"feature_size": self._trunk.feature_size, "named": named}
        return facts, [torch.get_rng_state(), *self._held()]

    def _held(self) -> list[Tensor]:
        return [*self._trunk.parameters(), *self._trunk.buffers()]

    def _forward(self, message: Message) -> tuple[dict[str, Any], list[Tensor]]:
        facts, device = message.facts, torch.device(message.facts["device"])
        inputs, state, *values = message.arrays
        if values:  # a step later: no gradient of an earlier pass will be asked for
            self._passes.clear()
            self._trunk.to(device)
            with torch.no_grad():
                for mine, value in zip(self._held(), values, strict=True):
                    mine.copy_(value)
        torch.set_rng_state(state)
        if self._trunk.training != facts["training"]:
            self._trunk.train(facts["training"])
        inputs = inputs.to(device).requires_grad_(facts["of_inputs"])
        precision = facts["autocast"]
        dtype = getattr(torch, precision) if precision else None
        with (
            torch.set_grad_enabled(facts["gradient"]),
            torch.autocast(device.type, dtype, enabled=bool(precision)),
        ):
            features = self._trunk(inputs)
        if facts["gradient"]:
            self._passes[facts["pass"]] = inputs, features
        return {}, [features.detach(), torch.get_rng_state(), *self._trunk.buffers()]

    def _backward(self, message: Message) -> tuple[dict[str, Any], list[Tensor]]:
        inputs, features = self._passes.pop(message.facts["pass"])
        (gradient,) = message.arrays
        leaves = list(_wanting([inputs, *self._trunk.parameters()]))
        found = torch.autograd.grad(
            features,
            [leaf for _, leaf in leaves],
            gradient.to(features.device),
            allow_unused=True,
        )
        pairs = [(at, one) for (at, _), one in zip(leaves, found, strict=True) if one is not None]
        return {"which": [at for at, _ in pairs]}, [one for _, one in pairs]


def _wanting(tensors: Iterable[Tensor]) -> Iterable[tuple[int, Tensor]]:
    return ((place, one) for place, one in enumerate(tensors) if one.requires_grad)
