"""When a semi-supervised method trains on what: alternating by epoch, by batch, or jointly."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What one optimizer step trains on."""

    SUPERVISED = "supervised"
    UNSUPERVISED = "unsupervised"
    JOINT = "joint"


SCHEDULES = ("epoch", "batch", "joint")


def phase(schedule: str, alpha: float, *, epoch: int, step: int) -> Phase:
    """The phase of a step, both counted from 0.

    Every schedule takes the same steps. An alternating one is unsupervised in even epochs
    ("epoch") or steps ("batch") and supervised in odd ones, so that it ends with labels wherever
    their number is even. A loss of no weight has no phases: `alpha` 0 is supervised throughout, 1
    unsupervised.
    """
    if alpha in (0.0, 1.0):
        return Phase.UNSUPERVISED if alpha else Phase.SUPERVISED
    if schedule == "joint":
        return Phase.JOINT
    turn = epoch if schedule == "epoch" else step
    return Phase.SUPERVISED if turn % 2 else Phase.UNSUPERVISED
