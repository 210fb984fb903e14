"""Runs that ended without scores: how a row counts them, and what a board says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from harness.store.excerpt import Excerpt


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Runs that ended without scores for one kind of reason, with the first one's message."""

    state: Literal["failed", "skipped"]
    kind: str
    count: int
    message: str


def failures_of(runs: Iterable[Excerpt]) -> tuple[Failure, ...]:
    """The Failures among the runs of one row, in the order of their first run."""
    found: dict[tuple[str, str], Failure] = {}
    for run in runs:
        if run.state == "done":
            continue
        kind, message = run.reason or ("unknown", "no reason was recorded")
        before = found.get((run.state, kind))
        found[run.state, kind] = Failure(
            state=run.state,
            kind=kind,
            count=before.count + 1 if before else 1,
            message=before.message if before else message,
        )
    return tuple(found.values())


def failure_notes(rows: Iterable[tuple[str, Iterable[Failure]]]) -> tuple[str, ...]:
    """One sentence for each reason, naming the rows that it befell; `rows`: label and Failures."""
    groups: dict[tuple[str, str, str], dict[str, int]] = {}
    for label, failures in rows:
        for failure in failures:
            reason = (failure.state, failure.kind, _first_line(failure.message))
            groups.setdefault(reason, {})[label] = failure.count
    return tuple(
        f"{_counted(counts)} {state} ({kind}): {message}"
        for (state, kind, message), counts in groups.items()
    )


def _counted(counts: dict[str, int]) -> str:
    """`a: 4 runs`, `a, b: 4 runs each` or `a (4), b (1): 5 runs`."""
    first, total = next(iter(counts.values())), sum(counts.values())
    if any(count != first for count in counts.values()):
        named = ", ".join(f"{label} ({count})" for label, count in counts.items())
        return f"{named}: {total} runs"
    each = " each" if len(counts) > 1 else ""
    return f"{', '.join(counts)}: {first} {'run' if first == 1 else 'runs'}{each}"


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0] if lines else "no message"
