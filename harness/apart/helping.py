"""Metrics and observers of plugins: each is asked in a process of its own, and gets copies."""

from __future__ import annotations

import logging
import math
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from harness.apart import Died
from harness.apart.channel import BadFrame, Channel, Closed, Message
from harness.apart.memory import Memory
from harness.apart.nursery import Job, nursery
from harness.errors import plain
from harness.record import Identity, Record
from harness.registry import Origin, Reference, confine
from harness.sandbox import fences_observers, one_line

log = logging.getLogger(__name__)

CPU = torch.device("cpu")
_LINE = 500
METRIC_SECONDS, OBSERVER_SECONDS = 600.0, 60.0
"""How long a metric may compute, and an observer look at a run."""


class Helper:
    """A process that does what one plugin offers, when asked."""

    def __init__(
        self,
        name: str,
        serve: str,
        given: Any,
        origin: Origin,
        *,
        fenced: bool = True,
        reads: Iterable[str] = (),
    ) -> None:
        self._memory = Memory()
        self._line, theirs = socket.socketpair()
        self._channel = Channel(self._line, self._memory, core=True, device=CPU)
        try:
            sent = [theirs.fileno(), self._memory.descriptor]
            job = Job(serve, given)
            self._child = nursery().begin(name, job, sent, origin, fenced=fenced, reads=reads)
        finally:
            theirs.close()
        self._child.watch(self._line.fileno())

    def ask(
        self,
        word: str,
        facts: dict[str, Any],
        arrays: Sequence[Tensor] = (),
        *,
        seconds: float = math.inf,
    ) -> Message:
        """Ask once; raises Died where no answer comes, or not in so many seconds."""
        try:
            self._channel.send(word, facts, arrays)
            line = self._line.fileno()
            return self._channel.receive(lambda: self._child.wait_for(line, seconds))
        except Closed:
            raise Died(self._child.how_it_ended()) from None
        except BadFrame as bad:
            raise Died(f"it sent {bad}") from None

    def processor_seconds(self) -> float:
        """What it has computed until now, where the system tells."""
        return self._child.processor_seconds()

    def end(self) -> None:
        """End the process."""
        self._child.end()
        self._line.close()
        self._memory.close()


def compute_apart(
    name: str,
    compute: Reference,
    embeddings: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
) -> float:
    """What a plugin's metric gives for copies of these; raises Died if there is no number."""
    helper = Helper(
        f"metric {plain(name, 60)}", "harness.apart.helping:serve_metric", compute, compute.origin
    )
    try:
        arrays = [torch.tensor(embeddings), torch.tensor(labels)]
        answer = helper.ask("compute", {}, arrays, seconds=METRIC_SECONDS)
    finally:
        helper.end()
    value = answer.facts.get("value")
    if answer.word != "done" or not isinstance(value, float):
        raise Died(plain(str(answer.facts.get("message")), _LINE))
    return value


class ObserverApart:
    """A plugin that observes, in a process that lasts as long as the session."""

    def __init__(self, origin: Origin) -> None:
        self._name = plain(origin.plugin, 60)
        self._helper: Helper | None = None
        try:
            serve = "harness.apart.helping:serve_observer"
            fenced = fences_observers()
            self._helper = Helper(f"observer {self._name}", serve, origin, origin, fenced=fenced)
        except Died as death:
            self._failed(death)

    def tell(self, hook: str, subject: Identity | Record) -> None:
        """Have it see a copy; what it does wrong is logged, and changes nothing."""
        if self._helper is None:
            return
        try:
            content = {"content": subject.model_dump_json()}
            answer = self._helper.ask(hook, content, seconds=OBSERVER_SECONDS)
        except Died as death:
            self._failed(death)
            return
        if answer.word != "done":
            log.warning("an observer failed: %s", plain(str(answer.facts.get("message")), _LINE))

    def end(self) -> None:
        """End its process."""
        if self._helper is not None:
            self._helper.end()

    def _failed(self, death: Died) -> None:
        log.warning("observer '%s' failed, and sees no more: %s", self._name, death)
        self.end()
        self._helper = None


def _channel(descriptors: Sequence[int]) -> Channel:
    line, memory = descriptors
    confine()
    return Channel(socket.socket(fileno=line), Memory.of(memory), core=False, device=CPU)


def number_of(value: Any) -> float:
    """What a metric gave as a float; TypeError for what only converts to one, as a text does."""
    plain_value = value.item() if getattr(value, "ndim", None) == 0 else value
    if isinstance(plain_value, bool | str | bytes | bytearray | complex):
        raise TypeError(f"it gave {type(value).__name__}, which is no real number")
    return float(value)


def serve_metric(compute: Reference, descriptors: Sequence[int]) -> None:
    """Compute once."""
    channel = _channel(descriptors)
    embeddings, labels = (array.numpy() for array in channel.receive().arrays)
    try:
        value = number_of(compute(embeddings, labels))
    except BaseException as error:
        channel.send("failed", {"message": one_line(error, _LINE)})
        return
    if math.isfinite(value):
        channel.send("done", {"value": value})
    else:
        channel.send("failed", {"message": f"it gave {value}"})


def serve_observer(origin: Origin, descriptors: Sequence[int]) -> None:
    """Observe until nobody tells anything."""
    from harness.registry.importing import load

    channel = _channel(descriptors)
    while True:
        try:
            message = channel.receive()
        except Closed:
            return
        try:
            content = message.facts["content"]
            hook = getattr(load(origin).manager.hook, message.word)
            if message.word == "bench_run_started":
                hook(identity=Identity.model_validate_json(content))
            else:
                hook(record=Record.model_validate_json(content))
        except BaseException as error:
            channel.send("failed", {"message": one_line(error, _LINE)})
        else:
            channel.send("done")
