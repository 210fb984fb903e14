"""The conformance suite without pytest: one finding a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.testing.applicable import NotApplicable
from harness.testing.checks import CHECKS, Check

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
    for check in CHECKS:
        outcome, reason = _run(check, method)
        yield Finding(check.__name__.replace("_", " "), outcome, reason)


def _run(check: Check, method: Method) -> tuple[Outcome, str]:
    try:
        check(method)
    except NotApplicable as reason:
        return "skip", str(reason)
    except AssertionError as broken:
        return "fail", _one_line(broken) or "an assertion failed inside the method"
    except Exception as error:
        return "fail", f"{method.name}: it raised {type(error).__name__}: {_one_line(error)}"
    return "pass", ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
