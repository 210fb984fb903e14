"""What processes of plugins may open and reach: little, where the kernel can say so.

By Landlock and seccomp, without rights that the benchmark would have to have. `--sandbox` asks for
it and `--no-sandbox` for none; by default it is there where the kernel has it and runs are trained
on the processor.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from harness.errors import UserError
from harness.sandbox import calls, landlock
from harness.sandbox.fence import (
    Allowed,
    Fence,
    inside,
    listing_fence,
    one_line,
    readable,
    running_fence,
    weight_caches,
)

__all__ = [
    "Allowed",
    "Fence",
    "absent",
    "choose",
    "described",
    "fences_observers",
    "in_force",
    "inside",
    "lacking",
    "listing_fence",
    "one_line",
    "readable",
    "require",
    "running_fence",
    "weight_caches",
]


@dataclass
class _Chosen:
    """`asked`: by --sandbox (True) or --no-sandbox (False). `card`: whether runs train on one."""

    asked: bool | None = None
    card: bool = False


_choice = _Chosen()


def choose(asked: bool | None, *, card: bool = False) -> None:
    """Say for this process what was asked for, and whether runs train on a card."""
    _choice.asked, _choice.card = asked, card


@functools.cache
def lacking() -> str:
    """What this machine lacks for a sandbox; empty if nothing."""
    found = landlock.version()
    if found < landlock.NEEDED:
        has = f"version {found} of Landlock" if found else "no Landlock"
        return f"this system has {has} (version {landlock.NEEDED} is needed: Linux 6.12)"
    return "" if calls.known() else "the system calls of this kind of processor are not known"


def require() -> None:
    """Raise UserError where a sandbox was asked for and cannot be had."""
    if _choice.asked and lacking():
        raise UserError(f"--sandbox: {lacking()}")


def in_force() -> bool:
    """Whether processes of plugins are fenced."""
    if _choice.asked is None:
        return not _choice.card and not lacking()
    require()
    return _choice.asked


def absent() -> str:
    """Why there is none though none was refused; empty where there is one."""
    if _choice.asked is not None or in_force():
        return ""
    why = lacking() or "it was not tried with cards (--sandbox asks for it)"
    return f"plugins run without a sandbox: {why}"


def fences_observers() -> bool:
    """Whether observers are, too: they are there to tell others, so only where it is asked for."""
    return in_force() and _choice.asked is True


def described() -> str:
    """The same as a fact of a Record."""
    return f"landlock {landlock.version()}" if in_force() else "none"
