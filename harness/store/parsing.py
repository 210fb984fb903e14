"""From stored JSON back to Records, all of them or one clear line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from harness.errors import UserError
from harness.record import RECORD_FORMAT, Concatenation, Record
from harness.store.collecting import without_collecting


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
