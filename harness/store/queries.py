"""The statements of the Store, and what a Record puts into their columns."""

from __future__ import annotations

import json

from harness.record import Record

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
HELD = """SELECT run_id, method, protocol, dataset, seed, fold, state,
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
