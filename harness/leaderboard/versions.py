"""Which version of each method a leaderboard shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from harness.leaderboard.grouping import grouped
from harness.record import Record
from harness.store.excerpt import Common, Excerpt, excerpts_of

Version = tuple[str, str, str]


def newest_versions(runs: Iterable[Excerpt]) -> tuple[list[Excerpt], list[str]]:
    """The runs of each method's most recently finished version, and a note on the others."""
    by_method: dict[str, dict[Version, list[Excerpt]]] = {}
    for (method, version), found in grouped(runs, _method_version).items():
        by_method.setdefault(method, {})[version] = found
    kept: list[Excerpt] = []
    notes: list[str] = []
    for method, versions in by_method.items():
        newest = max(versions, key=lambda version: _finished(versions[version]))
        kept += versions.pop(newest)
        notes += [_note(method, version, len(found)) for version, found in versions.items()]
    return kept, notes


def newest_records(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """The same of Records."""
    excerpts = excerpts_of(records)
    known = {run.run_id: record for run, record in zip(excerpts, records, strict=True)}
    kept, notes = newest_versions(excerpts)
    return [known[run.run_id] for run in kept], notes


def _method_version(common: Common) -> tuple[str, Version]:
    identity = common.identity
    return identity.method, (identity.distribution, identity.version, identity.source)


def _finished(runs: Iterable[Excerpt]) -> datetime:
    times = [datetime.fromisoformat(finished) for finished in {run.finished for run in runs}]
    return max(time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)


def _note(method: str, version: Version, runs: int) -> str:
    distribution, number, source = version
    return (
        f"{method}: {runs} {'run' if runs == 1 else 'runs'} of an earlier version are hidden "
        f"({distribution} {number}, source {source[:12]}); --all-versions shows them"
    )
