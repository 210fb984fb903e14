"""Hyperparameter ranges: what a method may be tuned over, fixed before the first trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Value = float | int | str | bool

OBJECTIVE_RATE = "objective_rate"
"""Times the protocol's learning rate: that of the Objective's own parameters. A log range."""
OBJECTIVE_SCHEDULE = "objective_schedule"
"""How that rate moves, of OBJECTIVE_SCHEDULES."""
SAMPLES_PER_CLASS = "samples_per_class"
"""Samples of each class in a batch, in place of the protocol's."""

RESERVED = (OBJECTIVE_RATE, OBJECTIVE_SCHEDULE, SAMPLES_PER_CLASS)
OBJECTIVE_SCHEDULES = ("protocol", "constant", "cosine", "linear")
"""`protocol`: as the protocol has it; the others in its place, without warm-up and down to 0."""


@dataclass(frozen=True)
class Float:
    """A real hyperparameter in [low, high], searched on a log scale if `log`."""

    low: float
    high: float
    default: float
    log: bool = False

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, self.default, log=self.log)

    def check(self, value: object) -> float:
        """Return `value` as a float; raise ValueError naming the allowed range otherwise."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a number (allowed: {self})")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value!r} is outside {self}")
        return float(value)

    def parse(self, text: str) -> float:
        """Read a value typed on the command line."""
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number (allowed: {self})") from None
        return self.check(number)

    def on_bound(self, value: Value) -> bool:
        """Whether a value sits on the edge of the range, so that the range may be too small."""
        return value in (self.low, self.high)

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}]{' log' if self.log else ''}"


@dataclass(frozen=True)
class Int:
    """A whole-number hyperparameter in [low, high], searched on a log scale if `log`."""

    low: int
    high: int
    default: int
    log: bool = False

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, self.default, log=self.log)

    def check(self, value: object) -> int:
        """Return `value`; raise ValueError naming the range if it is no whole number in it."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{value!r} is not a whole number (allowed: {self})")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value!r} is outside {self}")
        return value

    def parse(self, text: str) -> int:
        """Read a value typed on the command line."""
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number (allowed: {self})") from None
        return self.check(number)

    def on_bound(self, value: Value) -> bool:
        """Whether a value sits on the edge of the range, so that the range may be too small."""
        return value in (self.low, self.high)

    def __str__(self) -> str:
        return f"{{{self.low}..{self.high}}}{' log' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of a few named options."""

    options: tuple[Value, ...]
    default: Value

    def __post_init__(self) -> None:
        if self.default not in self.options:
            raise ValueError(f"default {self.default!r} is not one of {self}")

    def check(self, value: object) -> Value:
        """Return the option equal to `value`; raise ValueError listing the options otherwise."""
        for option in self.options:
            if option == value and type(option) is type(value):
                return option
        raise ValueError(f"{value!r} is not one of {self}")

    def parse(self, text: str) -> Value:
        """Read a value typed on the command line: the option printed that way."""
        for option in self.options:
            if str(option) == text:
                return option
        raise ValueError(f"{text!r} is not one of {self}")

    def on_bound(self, value: Value) -> bool:  # noqa: ARG002
        """A choice has no bounds."""
        return False

    def __str__(self) -> str:
        return "{" + ", ".join(str(option) for option in self.options) + "}"


Range = Float | Int | Choice


def _check_range(low: float, high: float, default: float, *, log: bool) -> None:
    if not all(math.isfinite(bound) for bound in (low, high, default)):
        raise ValueError(f"bounds and default must be finite: {low}, {high}, {default}")
    if not low < high:
        raise ValueError(f"low {low:g} must be below high {high:g}")
    if log and low <= 0:
        raise ValueError(f"a log range needs low > 0, not {low:g}")
    if not low <= default <= high:
        raise ValueError(f"default {default:g} is outside [{low:g}, {high:g}]")


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
