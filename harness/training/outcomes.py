"""How a run can end without scores. Each is translated to a Record in exactly one place."""

from __future__ import annotations

import traceback
from typing import get_args

from harness import sandbox
from harness.data.dataset import SealedTestSet
from harness.errors import one_line, plain
from harness.record import Reason, ReasonKind

LONGEST_MESSAGE = 500
LONGEST_TRACEBACK = 20_000
_CLOSED = " (closed by the sandbox; --no-sandbox runs without)"


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
    closed = _CLOSED if isinstance(error, PermissionError) and sandbox.inside() else ""
    return Reason(
        kind=kind,
        message=one_line(error, LONGEST_MESSAGE - len(closed)) + closed,
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
