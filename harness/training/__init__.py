"""The core's own training loop: methods bring a loss, everything else is fixed here.

`TRAINING_SEMANTICS` is raised by hand whenever a change alters what a run computes; a golden
run in the tests fails when a change forgets to.

2: what the network draws at random (dropout in a trunk) comes from a stream of its own, which no
method shares; with 1 it came from the one that a method draws from too. Networks that draw nothing
compute the same under both.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from harness import sandbox
from harness.data.dataset import SealedTestSet
from harness.errors import one_line, plain
from harness.method import Method, samples_per_class
from harness.method.space import Value
from harness.protocol.model import Protocol, TrainingRule
from harness.record import Reason, ReasonKind
from harness.registry.files import is_foreign

TRAINING_SEMANTICS = 2


@dataclass(frozen=True)
class Task:
    """One training: a method at one point of its space, on one fold, from one seed."""

    protocol: Protocol
    method: Method
    hyperparameters: Mapping[str, Value]
    seed: int
    fold: int

    @property
    def training(self) -> TrainingRule:
        """Length and batches of this training, with the method's own samples of a class."""
        rule = self.protocol.training
        own = samples_per_class(self.hyperparameters, rule.samples_per_class)
        return rule.model_copy(update={"samples_per_class": own})

    @property
    def distance(self) -> Literal["cosine", "euclidean"]:
        """By what its embeddings are compared."""
        return self.protocol.distance_for(self.method.comparison)


class Clock:
    """Seconds of one run: those that were spent on it alone, and its share of those on several."""

    def __init__(self) -> None:
        self._spent = (0.0, 0.0)
        self._since: tuple[float, float] | None = None
        self._share = 1.0

    def start(self, share: float = 1.0) -> None:
        """Count from now on; `share`: which part of it is this run's."""
        self._since, self._share = _now(), share

    def stop(self) -> None:
        """Count no longer."""
        self._spent, self._since = self._read(), None

    @property
    def seconds(self) -> float:
        """Wall seconds until now."""
        return self._read()[0]

    @property
    def processor_seconds(self) -> float:
        """Seconds that this process has computed until now."""
        return self._read()[1]

    def _read(self) -> tuple[float, float]:
        wall, processor = self._spent
        if self._since is None:
            return wall, processor
        then, now = self._since, _now()
        return (
            wall + self._share * (now[0] - then[0]),
            processor + self._share * (now[1] - then[1]),
        )


@contextmanager
def spent_on(*clocks: Clock) -> Iterator[None]:
    """What passes inside is spent on these runs, in equal parts."""
    for clock in clocks:
        clock.start(1 / len(clocks))
    try:
        yield
    finally:
        for clock in clocks:
            clock.stop()


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


LONGEST_MESSAGE = 500
LONGEST_NAME = 60
LONGEST_TRACEBACK = 20_000


class RunFailure(Exception):
    """A run that the core ends, with the kind of reason its Record will carry."""

    kind: ReasonKind


class PluginFailed(Exception):
    """What a process of a plugin said went wrong, made fit to be stored."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


def reason_of(error: BaseException) -> Reason:
    """Translate what ended a run; here and only here. Whatever its text is, it is cut and plain."""
    if isinstance(error, PluginFailed):
        return error.reason
    ours = isinstance(error, RunFailure | SealedTestSet)
    kind = _kind(error)
    if ours and kind == getattr(error, "kind", kind):
        return Reason(kind=kind, message=plain(str(error), LONGEST_MESSAGE) or "no message")
    return Reason(
        kind=kind,
        message=sandbox.one_line(error, LONGEST_MESSAGE, place=_place(error)),
        traceback=_traceback(error),
    )


def told(kind: object, message: object, traced: object) -> Reason:
    """The reason that a process of a plugin gives: of a kind that it can know of, and plain."""
    known = kind if kind in get_args(ReasonKind) and kind != "died" else "crashed"
    return Reason.model_validate(
        {
            "kind": known,
            "message": plain(str(message), LONGEST_MESSAGE) or "no message",
            "traceback": plain(str(traced), LONGEST_TRACEBACK, lines=True),
        }
    )


def _place(error: BaseException) -> str:
    """File and line of the innermost code that is neither ours, nor Python's, nor installed."""
    try:
        passed = traceback.walk_tb(error.__traceback__)
        lines = [(Path(frame.f_code.co_filename), number) for frame, number in passed]
        file, number = [one for one in lines if one[0].is_file() and is_foreign(one[0])][-1]
        return f" ({plain(file.name, LONGEST_NAME)}:{number})"
    except BaseException:
        return ""


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException:
        return ""
    # The end says what happened.
    return plain(text[-LONGEST_TRACEBACK:], LONGEST_TRACEBACK, lines=True)


def _kind(error: BaseException) -> ReasonKind:
    import torch

    if isinstance(error, RunFailure):
        return error.kind if error.kind in get_args(ReasonKind) else "crashed"
    if isinstance(error, SealedTestSet):
        return "sealed"
    out_of_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if out_of_memory or "can't allocate memory" in one_line(error):
        return "out-of-memory"
    return "crashed"


class Diverged(RunFailure):
    """The loss, or the embeddings, are no longer finite."""

    kind = "diverged"


class BadLoss(RunFailure):
    """The objective returned something that cannot be trained on."""

    kind = "bad-loss"


class BadReadout(RunFailure):
    """A method's readout is not a finite linear map of the width allowed."""

    kind = "bad-loss"


class Tampered(RunFailure):
    """The backbone was changed by something other than the core's optimizer."""

    kind = "tampered"


class TooLarge(RunFailure):
    """A method asked for more at a time than the core has memory for."""

    kind = "out-of-memory"


class Unsupported(RunFailure):
    """The protocol lacks what the method needs; its Record is a skipped one."""

    kind = "unsupported"
