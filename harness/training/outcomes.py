"""How a run can end without scores. Each is translated to a Record in exactly one place."""

from __future__ import annotations

from harness.record import ReasonKind


class RunFailure(Exception):
    """A run that the core ends, with the kind of reason its Record will carry."""

    kind: ReasonKind


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


class Unsupported(RunFailure):
    """The protocol lacks what the method needs; its Record is a skipped one."""

    kind = "unsupported"
