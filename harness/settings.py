"""How to spend the machine: `Settings`, and the texts that people type for them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.errors import UserError, require_whole

DEFAULT_PROTOCOL = "reality-check-small-4"
OWN_DATA_PROTOCOL = "reality-check-small-2"
"""Where no protocol is named and the data are a person's own: weights of glyphs would not fit."""
DEFAULT_STORE = Path("bench-store")
SAME_HASHES = {"PYTHONHASHSEED": "0"}
"""What each process that runs a plugin starts with: Python draws the order of a set otherwise."""
_SECONDS = {
    unit: size
    for units, size in (
        (("", "s", "sec", "second", "seconds"), 1.0),
        (("m", "min", "minute", "minutes"), 60.0),
        (("h", "hour", "hours"), 3600.0),
    )
    for unit in units
}
_BYTES = {
    f"{letter}{end}": 2.0**power
    for letter, power in (("m", 20), ("g", 30), ("t", 40))
    for end in ("", "b", "ib")
}
"""Powers of two, whichever way they are written: a limit needs no other."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to spend the machine; results are the same whatever stands here, but for two.

    `threads`, processor threads that train one run, and `together`, how many seeds and folds of a
    method are trained together in one process, move the last digits of what is computed.
    `workers`: runs at a time, or groups of them that are trained together; None for as many as fill
    the machine. `workers_per_gpu`: how many of the workers share a GPU. `time_limit`:
    seconds a run may take. `memory_limit`: bytes of main memory that a worker may hold.
    `address`: of the cluster, for an executor that has one. `sandbox`: whether processes of plugins
    are fenced; None for where the system has it and runs are trained on the processor.

    Raises UserError for numbers that are none of such.
    """

    workers: int | None = 1
    threads: int = 1
    together: int = 1
    workers_per_gpu: int = 1
    time_limit: float | None = None
    memory_limit: int | None = None
    address: str | None = None
    sandbox: bool | None = None

    def __post_init__(self) -> None:
        for name in ("workers", "threads", "together", "workers_per_gpu"):
            count = getattr(self, name)
            if name != "workers" or count is not None:
                require_whole(count, f"settings: {name}")
        for name in ("time_limit", "memory_limit"):
            limit = getattr(self, name)
            if limit is not None and not (isinstance(limit, int | float) and 0 < limit < math.inf):
                raise UserError(f"settings: {name}={limit!r}: must be a number above 0, or None")

    @property
    def limited(self) -> bool:
        """Whether a run may have to be ended from outside."""
        return self.time_limit is not None or self.memory_limit is not None

    @classmethod
    def read(  # noqa: PLR0913 - one argument an option
        cls,
        *,
        workers: str = "auto",
        threads: int = 1,
        together: int = 1,
        workers_per_gpu: int = 1,
        time_limit: str | None = None,
        memory_limit: str | None = None,
        address: str | None = None,
        sandbox: bool | None = None,
    ) -> Self:
        """Read what is typed: `auto` or a number; `90`, `10m`, `5min`, `2h`; `512M`, `4G`, `4GB`.

        Raises UserError for what is not understood.
        """
        return cls(
            workers=_workers(workers),
            threads=threads,
            together=together,
            workers_per_gpu=workers_per_gpu,
            time_limit=seconds("--time-limit", time_limit) if time_limit else None,
            memory_limit=size("--memory-limit", memory_limit) if memory_limit else None,
            address=address,
            sandbox=sandbox,
        )


def seconds(option: str, text: str) -> float:
    """Read a time; UserError if it is none, or not positive."""
    return _read(option, text, _SECONDS, "seconds, or a number with s, min or h")


def size(option: str, text: str) -> int:
    """Read a size in bytes; UserError if it is none, or not positive."""
    return int(_read(option, text, _BYTES, "a number with M, G or T, or MB, GB, TB"))


def _read(option: str, text: str, units: dict[str, float], allowed: str) -> float:
    found = re.fullmatch(r"([\d.]+(?:e\d+)?)\s*([a-z]*)", text.strip().lower())
    number, unit = found.groups() if found else ("", "")
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{option} {text}: not understood (allowed: {allowed})")
    return value


def _workers(text: str) -> int | None:
    """Read `--workers`: a number of one or more, or None for `auto`."""
    if text == "auto":
        return None
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UserError(f"--workers {text}: not understood (allowed: auto, or a number from 1)")
