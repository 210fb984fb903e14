"""Which version of each method a leaderboard shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from harness.record import Record

Version = tuple[str, str, str]


def newest_versions(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """The Records of each method's most recently finished version, and a note on the others."""
    by_method: dict[str, dict[Version, list[Record]]] = {}
    for record in records:
        versions = by_method.setdefault(record.identity.method, {})
        versions.setdefault(_version(record), []).append(record)
    kept: list[Record] = []
    notes: list[str] = []
    for method, versions in by_method.items():
        newest = max(versions, key=lambda version: max(map(_finished, versions[version])))
        kept += versions.pop(newest)
        notes += [_note(method, version, len(runs)) for version, runs in versions.items()]
    return kept, notes


def _version(record: Record) -> Version:
    identity = record.identity
    return (identity.distribution, identity.version, identity.source)


def _finished(record: Record) -> datetime:
    time = datetime.fromisoformat(record.finished)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _note(method: str, version: Version, runs: int) -> str:
    distribution, number, source = version
    return (
        f"{method}: {runs} {'run' if runs == 1 else 'runs'} of an earlier version are hidden "
        f"({distribution} {number}, source {source[:12]}); --all-versions shows them"
    )
