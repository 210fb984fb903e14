"""What else differs between two sides, beside their scores."""

from __future__ import annotations

from collections.abc import Iterator

from harness.gate.entrants import Entrants, key_of, match
from harness.gate.sides import Side
from harness.record import Record


def board_notes(
    baseline: Side, candidate: Side, recorded: Entrants, found: Entrants
) -> Iterator[str]:
    """Sentences that belong under the verdicts: whatever else is not the same on both sides."""
    for key, records in recorded.items():
        matched = match(key, recorded, found)
        if matched and key_of(matched[0]) != key:
            point = key_of(matched[0])[1]
            yield f"{key[0]}: its hyperparameters are {point}, the baseline's {key[1]}"
        elif matched and _source(matched[0]) != _source(records[0]):
            yield f"{key[0]}: {_source(matched[0])}, the baseline's {_source(records[0])}"
    new = sorted({method for method, _ in found} - {method for method, _ in recorded})
    if new:
        yield f"not gated, because the baseline does not have them: {', '.join(new)}"
    yield from _environments(baseline, candidate)


def _source(record: Record) -> str:
    identity = record.identity
    return f"{identity.distribution} {identity.version}, source {identity.source[:12]}"


def _environments(baseline: Side, candidate: Side) -> Iterator[str]:
    before, after = baseline.records[0].environment, candidate.records[0].environment
    changed = [
        f"{name} {before.get(name, 'none')} -> {after.get(name, 'none')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    if changed:
        yield f"environments differ: {', '.join(changed)}"
