"""Durations as people say them."""

from __future__ import annotations

_MINUTE, _HOUR = 60, 3600


def words(seconds: float) -> str:
    """`8 s`, `3 min 20 s` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
