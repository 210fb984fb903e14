"""Times and sizes as people type them: `90`, `10m`, `2h`; `512M`, `4G`."""

from __future__ import annotations

import math

from harness.errors import UserError

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"M": 2.0**20, "G": 2.0**30, "T": 2.0**40}


def seconds(option: str, text: str) -> float:
    """Read a time; UserError if it is none, or not positive."""
    return _read(option, text, _SECONDS, "seconds, or a number with s, m or h")


def size(option: str, text: str) -> int:
    """Read a size in bytes; UserError if it is none, or not positive."""
    return int(_read(option, text, _BYTES, "a number with M, G or T"))


def _read(option: str, text: str, units: dict[str, float], allowed: str) -> float:
    unit = text[-1:] if text[-1:].isalpha() else ""
    number = text.removesuffix(unit)
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{option} {text}: not understood (allowed: {allowed})")
    return value


def workers(text: str) -> int | None:
    """Read `--workers`: a number of one or more, or None for `auto`."""
    if text == "auto":
        return None
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UserError(f"--workers {text}: not understood (allowed: auto, or a number from 1)")
