"""`GateReport`: every method's verdict, and what they come to as an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import (
    EXIT_DOES_NOT_HOLD,
    EXIT_DONE,
    EXIT_INCONCLUSIVE,
    EXIT_NOT_COMPARABLE,
    EXIT_RUNS_FAILED,
)
from harness.gate.decision import Decision, Difference

Status = Literal[
    "pass", "regression", "suspected", "inconclusive", "failed", "missing", "not gated"
]
Policy = Literal["pass", "fail"]
_GRAVEST_FIRST: tuple[tuple[Status, int], ...] = (
    ("regression", EXIT_DOES_NOT_HOLD),
    ("failed", EXIT_RUNS_FAILED),
    ("missing", EXIT_NOT_COMPARABLE),
    ("suspected", EXIT_INCONCLUSIVE),
    ("inconclusive", EXIT_INCONCLUSIVE),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the gate says of one method and metric, or of one method's runs (`metric` empty)."""

    method: str
    metric: str
    status: Status
    sentence: str
    margin: float | None = None
    difference: Difference | None = None
    decision: Decision | None = None


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """The verdict of a gate. `refusal`: why nothing could be compared at all, if so."""

    baseline: str
    candidate: str
    subject: str
    lines: Sequence[Line] = ()
    notes: Sequence[str] = ()
    refusal: str | None = None
    inconclusive: Policy = "fail"

    @property
    def exit_code(self) -> int:
        """The gravest of its lines: 1 regression, 4 runs failed, 3 not measured, 5, or 0."""
        if self.refusal is not None:
            return EXIT_NOT_COMPARABLE
        return next((code for status, code in _GRAVEST_FIRST if self._counts(status)), EXIT_DONE)

    @property
    def status(self) -> Status | Literal["nothing measured"]:
        """The exit code in words."""
        if self.refusal is not None:
            return "nothing measured"
        return next((status for status, _ in _GRAVEST_FIRST if self._counts(status)), "pass")

    def _counts(self, status: Status) -> bool:
        if status in ("suspected", "inconclusive") and self.inconclusive == "pass":
            return False
        return any(line.status == status for line in self.lines)
