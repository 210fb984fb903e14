"""Hyperparameters that belong to a method and that the core itself acts on.

A method puts them in its space under these names: so they are searched, recorded and part of a
run's id like any other, and the builder does not receive them.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.method.space import Choice, Float, Int, Range, Value

OBJECTIVE_RATE = "objective_rate"
"""Times the protocol's learning rate: that of the Objective's own parameters. A log range."""
OBJECTIVE_SCHEDULE = "objective_schedule"
"""How that rate moves, of OBJECTIVE_SCHEDULES."""
SAMPLES_PER_CLASS = "samples_per_class"
"""Samples of each class in a batch, in place of the protocol's."""

RESERVED = (OBJECTIVE_RATE, OBJECTIVE_SCHEDULE, SAMPLES_PER_CLASS)
OBJECTIVE_SCHEDULES = ("protocol", "constant", "cosine", "linear")
"""`protocol`: as the protocol has it; the others in its place, without warm-up and down to 0."""


def for_builder(point: Mapping[str, Value]) -> dict[str, Value]:
    """The hyperparameters that a method's builder receives."""
    return {name: value for name, value in point.items() if name not in RESERVED}


def samples_per_class(point: Mapping[str, Value], protocols: int) -> int:
    """Samples of each class at a point of the space, where the protocol has so many."""
    value = point.get(SAMPLES_PER_CLASS, protocols)
    assert isinstance(value, int), "Method checks its space"
    return value


def check_reserved(space: Mapping[str, Range], batch: str) -> None:
    """Raise ValueError for a reserved name whose range is not of the kind that the core reads."""
    rate, schedule = space.get(OBJECTIVE_RATE), space.get(OBJECTIVE_SCHEDULE)
    if rate is not None and not (isinstance(rate, Float) and rate.log):
        raise ValueError(f"{OBJECTIVE_RATE} must be a Float on a log scale, not {rate!r}")
    if schedule is not None:
        options = schedule.options if isinstance(schedule, Choice) else ()
        if not options or not set(options) <= set(OBJECTIVE_SCHEDULES):
            allowed = ", ".join(OBJECTIVE_SCHEDULES)
            raise ValueError(f"{OBJECTIVE_SCHEDULE} must be a Choice of some of: {allowed}")
    if SAMPLES_PER_CLASS in space:
        _check_samples(space[SAMPLES_PER_CLASS], batch)


def _check_samples(bounds: Range, batch: str) -> None:
    if batch not in ("balanced", "clusters"):
        raise ValueError(f"{SAMPLES_PER_CLASS} needs batch='balanced' or 'clusters'")
    lowest: Value = 0.0
    if isinstance(bounds, Int):
        lowest = bounds.low
    elif isinstance(bounds, Choice) and all(type(option) is int for option in bounds.options):
        lowest = min(option for option in bounds.options if isinstance(option, int))
    if not isinstance(lowest, int) or lowest < 2:
        raise ValueError(f"{SAMPLES_PER_CLASS} must be an Int or a Choice of whole numbers from 2")
