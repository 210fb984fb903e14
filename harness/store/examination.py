"""Is a store sound? Every row, every file, and what joins them; and what would mend it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.artifacts import FOLDER, TEMPORARY
from harness.errors import UserError
from harness.record import Artifact, Record, is_as_it_was_sealed
from harness.store import excerpts, queries
from harness.store.queries import parse_concatenation, parse_record

Remedy = Literal["forget-run", "forget-concatenation", "remove-file", "write-excerpts"]
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it should be.

    `damaged`: whether something that was stored is lost; otherwise it is left over from a process
    that was ended, and harms nothing. `remedy`: what a repair does to `target`, if it can do
    anything.
    """

    what: str
    damaged: bool
    remedy: Remedy | None = None
    target: str = ""


@dataclass
class Examination:
    """What a store holds and what was found."""

    records: int = 0
    artifacts: int = 0
    concatenations: int = 0
    findings: list[Damage] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing that was stored is lost."""
        return not any(finding.damaged for finding in self.findings)


def examine(store: Path, connection: sqlite3.Connection, *, alone: bool) -> Examination:
    """Look at everything. `alone`: nobody else writes, so that no file can be one in the making."""
    found = Examination()
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            found.findings.append(Damage(f"the database: {line}", damaged=True))
    records = list(_records(store, connection, found))
    _look_at_concatenations(store, connection, records, found)
    found.findings += _look_at_excerpts(store, connection, records)
    if alone:
        named = {record.artifact.path for record in records if record.artifact}
        found.findings += _look_at_files(store, named)
    return found


def _records(store: Path, connection: sqlite3.Connection, found: Examination) -> Iterator[Record]:
    """The records that parse; everything that is wrong with one goes to the findings."""
    for row in connection.execute(queries.ROWS):
        run_id, text = row[0], row[-1]
        found.records += 1
        try:
            record = parse_record(store, run_id, text)
        except UserError as error:
            found.findings.append(_lost(run_id, str(error)))
            continue
        if not is_as_it_was_sealed(text):
            what = f"run {run_id}: its record was changed after it was stored (its digest differs)"
            found.findings.append(_lost(run_id, what))
        elif queries.run_columns(record)[:-1] != row[:-1]:
            found.findings.append(_lost(run_id, f"run {run_id}: its row and its record differ"))
        elif record.artifact is not None:
            found.artifacts += 1
            problem = _problem(store, record.artifact)
            if problem is not None:
                found.findings.append(_lost(run_id, f"run {run_id}: {problem}"))
        yield record


def _lost(run_id: str, what: str) -> Damage:
    return Damage(what, damaged=True, remedy="forget-run", target=run_id)


def _problem(store: Path, artifact: Artifact) -> str | None:
    digest = hashlib.sha256()
    try:
        with (store / artifact.path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        return f"{artifact.path}: {error.strerror}"
    if digest.hexdigest() != artifact.sha256:
        return f"{artifact.path} is damaged (its sha256 differs)"
    return None


def _look_at_concatenations(
    store: Path, connection: sqlite3.Connection, records: list[Record], found: Examination
) -> None:
    known = {record.run_id for record in records}
    joined = set()
    for key, text in connection.execute(queries.CONCATENATIONS, (None, None)):
        found.concatenations += 1
        try:
            one = parse_concatenation(store, key, text)
            fault = None if one.concatenation_id == key else "its row and its content differ"
            if not known.issuperset(one.run_ids):
                fault = "a run that it joins is not in the store"
        except UserError as error:
            fault = str(error)
        else:
            joined.add(one.run_ids)
        if fault is not None:
            what = f"concatenation {key}: {fault}"
            found.findings.append(
                Damage(what, damaged=True, remedy="forget-concatenation", target=key)
            )
    for run_ids in _complete(records):
        if run_ids not in joined:
            what = f"runs {', '.join(run_ids)} are not joined yet; the next `bench run` joins them"
            found.findings.append(Damage(what, damaged=False))


def _complete(records: list[Record]) -> Iterator[tuple[str, ...]]:
    """The runs of every replicate whose folds are all done, in fold order."""
    replicates: dict[str, dict[int, Record]] = {}
    for record in records:
        if record.state == "done" and record.scores is not None and record.artifact is not None:
            first = record.identity.model_copy(update={"fold": 0})
            replicates.setdefault(first.model_dump_json(), {})[record.identity.fold] = record
    for runs in replicates.values():
        one = next(iter(runs.values()))
        if len(runs) == one.folds and one.identity.trial is None:
            yield tuple(runs[fold].run_id for fold in sorted(runs))


def _look_at_excerpts(
    store: Path, connection: sqlite3.Connection, records: Iterable[Record]
) -> Iterator[Damage]:
    missing = {run_id for run_id, _ in excerpts.runs_without(connection)}
    if missing:
        yield Damage(
            f"{len(missing)} runs have no excerpt, as an earlier version writes none: "
            "a leaderboard reads their records instead, which takes longer",
            damaged=False,
            remedy="write-excerpts",
        )
    for record in records:
        if excerpts.is_stale(store, connection, record.run_id):
            yield Damage(
                f"run {record.run_id}: its record and its excerpt differ",
                damaged=True,
                remedy="write-excerpts",
                target=record.run_id,
            )


def _look_at_files(store: Path, named: set[str]) -> Iterator[Damage]:
    for path in sorted((store / FOLDER).glob("*")):
        relative = path.relative_to(store).as_posix()
        if relative in named:
            continue
        temporary = path.name.endswith(TEMPORARY)
        what = "is half of a file" if temporary else "belongs to no run"
        yield Damage(
            f"{relative} {what}: left by a process that was ended",
            damaged=False,
            remedy="remove-file",
            target=relative,
        )
