"""What is asked of a store's database and comes back: statements, columns, Records from JSON."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import UserError
from harness.record import RECORD_FORMAT, Concatenation, Record

_NAMED = 4

INSERT_RUN = """INSERT INTO runs (run_id, protocol, protocol_digest, unlocked, dataset,
    dataset_digest, training_semantics, method, seed, fold, state, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, record = excluded.record"""
RECORD = "SELECT run_id, record FROM runs WHERE run_id = ?"
RECORDS = """SELECT run_id, record FROM runs
    WHERE (?1 IS NULL OR protocol_digest = ?1) AND (?2 IS NULL OR dataset = ?2)
    AND (?3 IS NULL OR dataset_digest = ?3) AND (?4 IS NULL OR training_semantics = ?4)
    ORDER BY created"""
ROWS = """SELECT run_id, protocol, protocol_digest, unlocked, dataset, dataset_digest,
    training_semantics, method, seed, fold, state, record FROM runs ORDER BY created"""
HELD = """SELECT run_id, method, protocol, unlocked, dataset, seed, fold, state,
    CASE WHEN json_valid(record) THEN json_extract(record, '$.identity.trial') END,
    CASE WHEN json_valid(record) THEN json_extract(record, '$.finished') ELSE 'damaged' END
    FROM runs ORDER BY created"""
RUN_IDS = "SELECT run_id FROM runs WHERE substr(run_id, 1, length(?1)) = ?1 ORDER BY run_id"
RUN_STATES = "SELECT run_id, state FROM runs"
SCOPES = """SELECT protocol, protocol_digest, unlocked, dataset, dataset_digest,
    training_semantics, count(*) FROM runs GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY max(created) DESC"""

# Protocol and dataset come from the first joined run: joining unknown runs inserts nothing.
INSERT_CONCATENATION = """INSERT INTO concatenations
    (concatenation_id, protocol_digest, dataset, concatenation)
    SELECT ?, protocol_digest, dataset, ? FROM runs WHERE run_id = ?
    ON CONFLICT (concatenation_id) DO UPDATE SET concatenation = excluded.concatenation"""
FORGET_RUN = "DELETE FROM runs WHERE run_id = ?"
# A concatenation whose JSON is damaged is found by its id, not by what it joins.
FORGET_JOINED = """DELETE FROM concatenations WHERE CASE WHEN json_valid(concatenation)
    THEN EXISTS (SELECT 1 FROM json_each(concatenation, '$.run_ids') WHERE value = ?) END"""
FORGET_CONCATENATION = "DELETE FROM concatenations WHERE concatenation_id = ?"
CONCATENATION = """SELECT concatenation_id, concatenation FROM concatenations
    WHERE concatenation_id = ?"""
CONCATENATIONS = """SELECT concatenation_id, concatenation FROM concatenations
    WHERE (?1 IS NULL OR protocol_digest = ?1) AND (?2 IS NULL OR dataset = ?2)
    ORDER BY created"""


def run_columns(record: Record) -> tuple[str | int, ...]:
    """The values of INSERT_RUN."""
    identity = record.identity
    return (
        record.run_id,
        identity.protocol,
        identity.protocol_digest,
        json.dumps(identity.unlocked),
        identity.dataset,
        identity.dataset_digest,
        identity.training_semantics,
        identity.method,
        identity.seed,
        identity.fold,
        record.state,
        record.sealed(),
    )


@contextmanager
def without_collecting() -> Iterator[None]:
    """Inside, no garbage is looked for: where none is made, that takes most of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True)
class Scope:
    """The Records of a store that can stand on one leaderboard, and how many there are."""

    protocol: str
    protocol_digest: str
    unlocked: tuple[str, ...]
    dataset: str
    dataset_digest: str
    training_semantics: int
    records: int


@dataclass(frozen=True)
class Held:
    """One run of a store in a line; `trial` is None for a replicate.

    `unlocked`: what was overridden of the protocol, as `key=value`.
    """

    run_id: str
    method: str
    protocol: str
    unlocked: tuple[str, ...]
    dataset: str
    seed: int
    fold: int
    state: str
    trial: int | None
    finished: str

    @property
    def described(self) -> str:
        """In words."""
        trial = "" if self.trial is None else f", trial {self.trial}"
        return (
            f"{self.method}, seed {self.seed}, fold {self.fold}{trial}: {self.state} "
            f"({self.protocol}{', unlocked,' if self.unlocked else ''} on {self.dataset})"
        )


def unpacked(row: Sequence[Any], unlocked: int) -> list[Any]:
    """A row's columns; what was overridden, at the place `unlocked`, as a tuple of texts."""
    return [*row[:unlocked], tuple(json.loads(row[unlocked])), *row[unlocked + 1 :]]


def parse_records(store: Path, rows: Iterable[tuple[str, str]]) -> list[Record]:
    """Parse (run id, JSON) pairs; raise UserError naming the first row that does not parse."""
    with without_collecting():
        return [parse_record(store, run_id, text) for run_id, text in rows]


def parse_record(store: Path, run_id: str, text: str) -> Record:
    """Parse one Record; raise UserError if it is damaged, or newer than this version reads."""
    try:
        record = Record.model_validate_json(text)
    except ValidationError as error:
        _refuse_newer(store, run_id, _format_of(text))
        raise UserError(f"store {store}: the record of run {run_id} {_what(error)}") from None
    _refuse_newer(store, run_id, record.format)
    return record


def parse_concatenation(store: Path, concatenation_id: str, text: str) -> Concatenation:
    """Parse one Concatenation; raise UserError if it is damaged."""
    try:
        return Concatenation.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"store {store}: concatenation {concatenation_id} {_what(error)}") from None


def edited_runs(run_ids: Sequence[str]) -> str:
    """What is said of runs that are left out because something else changed them."""
    listed = ", ".join(run_ids[:_NAMED]) + (" ..." if len(run_ids) > _NAMED else "")
    one = len(run_ids) == 1
    return (
        f"{len(run_ids)} {'run was' if one else 'runs were'} changed after "
        f"{'it was' if one else 'they were'} stored, and left out ({listed}); `bench doctor` says "
        "more"
    )


def _what(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"does not parse: {place + ': ' if place else ''}{first['msg']}"


def _format_of(text: str) -> int:
    try:
        found = json.loads(text)
    except ValueError:
        return RECORD_FORMAT
    number = found.get("format") if isinstance(found, dict) else None
    return number if isinstance(number, int) else RECORD_FORMAT


def _refuse_newer(store: Path, run_id: str, number: int) -> None:
    if number > RECORD_FORMAT:
        raise UserError(
            f"store {store}: the record of run {run_id} has format {number}, this version reads "
            f"up to {RECORD_FORMAT}; upgrade metric-learning-bench"
        )
