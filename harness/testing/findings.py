"""The conformance suite without pytest: one finding a check."""

from __future__ import annotations

import linecache
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.errors import one_line
from harness.testing.applicable import NotApplicable
from harness.testing.checks import CHECKS, Check, needs_of
from harness.testing.places import raised_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.method import Method

Outcome = Literal["pass", "fail", "skip"]


@dataclass(frozen=True)
class Finding:
    """What one check found: its name as a sentence, the outcome, and why if it did not pass."""

    check: str
    outcome: Outcome
    reason: str = ""


def check_method(method: Method) -> Iterator[Finding]:
    """Run every check on a method, one after the other, each finding as soon as it is there.

    Nothing that a plugin raises passes through: it is a failed check.
    """
    failed: set[str] = set()
    for check in CHECKS:
        name = check.__name__
        cause = next((need for need in needs_of(check) if need in failed), None)
        if cause is not None:
            yield Finding(_sentence(name), "skip", f"not tried: {_sentence(cause)} failed")
            continue
        outcome, reason = _run(check, method)
        if outcome == "fail":
            failed.add(name)
        yield Finding(_sentence(name), outcome, reason)


def _sentence(check: str) -> str:
    return check.replace("_", " ")


def _run(check: Check, method: Method) -> tuple[Outcome, str]:
    try:
        check(method)
    except NotApplicable as reason:
        return "skip", str(reason)
    except AssertionError as broken:
        return "fail", _one_line(broken) or "an assertion failed inside the method"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and not _is_of_code(error):
            raise
        return "fail", f"{method.name}: it raised {one_line(error)} ({raised_at(error)})"
    return "pass", ""


def _is_of_code(error: BaseException) -> bool:
    """Whether a KeyboardInterrupt was raised by a statement, not by a person."""
    last = list(traceback.walk_tb(error.__traceback__))[-1:]
    return any("raise" in linecache.getline(f.f_code.co_filename, line) for f, line in last)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
