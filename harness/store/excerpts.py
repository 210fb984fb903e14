"""The Excerpts in a store's database: written with their Records, and never older than they are."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from harness.errors import UserError
from harness.record import Record
from harness.store.collecting import without_collecting
from harness.store.excerpt import (
    EXCERPT_FORMAT,
    Common,
    Excerpt,
    excerpts_of,
    read_excerpt,
    written,
)
from harness.store.parsing import parse_record
from harness.store.scope import Scope

TABLES = (
    """CREATE {temporary} TABLE commons (
        common INTEGER PRIMARY KEY,
        format INTEGER NOT NULL,
        content TEXT NOT NULL,
        UNIQUE (format, content)
    )""",
    """CREATE {temporary} TABLE excerpts (
        created INTEGER PRIMARY KEY,
        common INTEGER NOT NULL,
        trial INTEGER,
        own TEXT NOT NULL
    )""",
)
# Whoever changes a row, an earlier version of this program too, leaves no Excerpt that is stale.
TRIGGERS = (
    """CREATE TRIGGER changed_run AFTER UPDATE ON runs
    BEGIN DELETE FROM excerpts WHERE created = old.created; END""",
    """CREATE TRIGGER forgotten_run AFTER DELETE ON runs
    BEGIN DELETE FROM excerpts WHERE created = old.created; END""",
)
_EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'excerpts'"
# Excerpts of another format, by an earlier version or a later one, are as good as none.
_INSERT_COMMON = "INSERT INTO commons (format, content) VALUES (?, ?) ON CONFLICT DO NOTHING"
_INSERT_EXCERPT = """INSERT OR REPLACE INTO excerpts (created, common, trial, own)
    SELECT created, common, ?, ? FROM runs, commons
    WHERE run_id = ? AND format = ? AND content = ?"""
_COMMONS = "SELECT common, content FROM commons WHERE format = ?"
# Without an ORDER BY, which would copy every row; of `runs`, the index is all that is read.
_OF_SCOPE = """SELECT runs.created, common, own,
    CASE WHEN own IS NULL THEN run_id END, CASE WHEN own IS NULL THEN record END
    FROM runs LEFT JOIN excerpts ON excerpts.created = runs.created
    AND common IN (SELECT common FROM commons WHERE format = ?)
    WHERE protocol_digest = ? AND dataset = ? AND dataset_digest = ? AND training_semantics = ?
    AND trial IS NULL"""
_WITHOUT = """SELECT run_id, record FROM runs WHERE created NOT IN (
    SELECT created FROM excerpts JOIN commons USING (common) WHERE format = ?) ORDER BY created"""
_WRITTEN = """SELECT record, content, own
    FROM runs JOIN excerpts USING (created) JOIN commons USING (common)
    WHERE run_id = ? AND format = ?"""
_FORGET = "DELETE FROM excerpts WHERE created = (SELECT created FROM runs WHERE run_id = ?)"


def require_tables(connection: sqlite3.Connection, *, temporary: bool) -> None:
    """Make the tables where an earlier version made the store; no Excerpts are in them then.

    `temporary`: where the database cannot be written, beside it and until it is closed.
    """
    if connection.execute(_EXISTS).fetchone():
        return
    if not temporary:
        connection.execute("BEGIN IMMEDIATE")
    if temporary or not connection.execute(_EXISTS).fetchone():  # another may have been faster
        for statement in TABLES:
            connection.execute(statement.format(temporary="TEMP" if temporary else ""))
        for statement in () if temporary else TRIGGERS:
            connection.execute(statement)
    if not temporary:
        connection.execute("COMMIT")


def insert_excerpt(connection: sqlite3.Connection, record: Record) -> None:
    """Write the Excerpt of a Record whose row was just inserted or changed."""
    common, own = written(record)
    connection.execute(_INSERT_COMMON, (EXCERPT_FORMAT, common))
    values = (record.identity.trial, own, record.run_id, EXCERPT_FORMAT, common)
    connection.execute(_INSERT_EXCERPT, values)


def read_excerpts(store: Path, connection: sqlite3.Connection, scope: Scope) -> list[Excerpt]:
    """The Excerpts of a scope's replicates, in the order in which the runs were first put.

    Where there is none, as in a store of an earlier version, it is made of the Record. Raises
    UserError for such a Record that does not parse.
    """
    wanted = (
        EXCERPT_FORMAT,
        scope.protocol_digest,
        scope.dataset,
        scope.dataset_digest,
        scope.training_semantics,
    )
    found: list[Excerpt | Record] = []
    with without_collecting():
        rows = sorted(connection.execute(_OF_SCOPE, wanted), key=itemgetter(0))
        # After the rows: others may write meanwhile, and no Common is ever removed.
        commons = {
            number: Common.model_validate_json(content)
            for number, content in connection.execute(_COMMONS, (EXCERPT_FORMAT,))
        }
        for _, number, own, run_id, text in rows:
            if own is not None:
                found.append(read_excerpt(commons[number], own))
                continue
            record = parse_record(store, run_id, text)
            if record.identity.trial is None:
                found.append(record)
        made = iter(excerpts_of(one for one in found if isinstance(one, Record)))
        return [next(made) if isinstance(one, Record) else one for one in found]


def runs_without(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Run id and JSON of the runs that have no Excerpt, in the order in which they were put."""
    return connection.execute(_WITHOUT, (EXCERPT_FORMAT,)).fetchall()


def is_stale(store: Path, connection: sqlite3.Connection, run_id: str) -> bool:
    """Whether a run has an Excerpt that is not its Record's; both are read at one moment."""
    stored = connection.execute(_WRITTEN, (run_id, EXCERPT_FORMAT)).fetchone()
    return stored is not None and stored[1:] != written(parse_record(store, run_id, stored[0]))


def write_excerpts(store: Path, connection: sqlite3.Connection, *, renewed: str) -> None:
    """Write the Excerpts of all runs without one, and that of run `renewed` anew."""
    connection.execute(_FORGET, (renewed,))
    for run_id, text in runs_without(connection):
        with suppress(UserError):  # a Record that does not parse is a finding of its own
            insert_excerpt(connection, parse_record(store, run_id, text))
