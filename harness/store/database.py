"""A store's folder: its database, the files of arrays beside it, and one writer at a time."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import scratch
from harness.errors import UserError

if TYPE_CHECKING:
    from filelock import BaseFileLock


_LOCK, _LOOK_EVERY = "writer.lock", 0.05
_FULL = "the disk is full; what was stored before is intact"
_READ_ONLY = "is read-only: it can be read, but nothing can be added"
_DAMAGED = "is damaged and cannot be read on; restore a copy or start a new store"

_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_BUSY: "is locked by another process that does not let go",
    sqlite3.SQLITE_LOCKED: "is locked by another process that does not let go",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: "is not a database; another file stands where the store should be",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write; it may be full",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; look at its permissions and free space",
}
_OS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}


@contextmanager
def faults_told(path: Path) -> Iterator[None]:
    """Turn what disk and database raise about the store at `path` into a UserError."""
    try:
        yield
    except sqlite3.Error as error:
        line = _sqlite_line(error)
        if line is None:
            raise
        raise UserError(f"store {path}: {line}") from error
    except OSError as error:
        line = _OS.get(error.errno or 0, str(error.strerror or error))
        raise UserError(f"store {path}: {line}") from error


def _sqlite_line(error: sqlite3.Error) -> str | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Python itself says so when the bytes of a text column are no text.
        return _DAMAGED if "decode" in str(error) else None
    if code == sqlite3.SQLITE_ERROR and str(error).startswith("no such "):
        return _DAMAGED  # a table was there when it was opened
    return _SQLITE.get(code & 0xFF)


FILE_NAME = "records.sqlite3"
APPLICATION_ID = 0x4D4C4231  # "MLB1", in the file's header: tells a store from any other database
SCHEMA_VERSION = 1
WAIT_SECONDS = 30.0
_MAPPED_BYTES = 1 << 30  # read without copying: a third less time for a large store

# What SQLite says when there is no room for the files that a writer needs.
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}

_SCHEMA = (
    """CREATE TABLE runs (
        created INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL UNIQUE,
        protocol TEXT NOT NULL,
        protocol_digest TEXT NOT NULL,
        unlocked TEXT NOT NULL,
        dataset TEXT NOT NULL,
        dataset_digest TEXT NOT NULL,
        training_semantics INTEGER NOT NULL,
        method TEXT NOT NULL,
        seed INTEGER NOT NULL,
        fold INTEGER NOT NULL,
        state TEXT NOT NULL,
        record TEXT NOT NULL
    )""",
    """CREATE INDEX runs_by_scope ON runs
        (protocol_digest, dataset, dataset_digest, training_semantics, protocol, unlocked)""",
    "CREATE INDEX runs_by_method ON runs (method, seed, fold)",
    "CREATE INDEX runs_by_state ON runs (run_id, state)",
    """CREATE TABLE concatenations (
        created INTEGER PRIMARY KEY AUTOINCREMENT,
        concatenation_id TEXT NOT NULL UNIQUE,
        protocol_digest TEXT NOT NULL,
        dataset TEXT NOT NULL,
        concatenation TEXT NOT NULL
    )""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_EXCERPTS = (
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
_TRIGGERS = (
    """CREATE TRIGGER changed_run AFTER UPDATE ON runs
    BEGIN DELETE FROM excerpts WHERE created = old.created; END""",
    """CREATE TRIGGER forgotten_run AFTER DELETE ON runs
    BEGIN DELETE FROM excerpts WHERE created = old.created; END""",
)
_EXCERPTS_EXIST = "SELECT 1 FROM sqlite_master WHERE name = 'excerpts'"


class EmptyStore(UserError):
    """A store in which nothing was ever stored: its making was interrupted."""


@dataclass(frozen=True)
class Database:
    """An open connection in autocommit mode, and whether it can only be read.

    `file`, `which`: the file that is written to, and what tells it from others of its name.
    """

    connection: sqlite3.Connection
    read_only: bool
    copy: str | None = None
    file: Path | None = None
    which: tuple[int, int] | None = None

    def begin(self) -> None:
        """Begin to write; OSError where another file, or none, has the name of this one by now."""
        if self.file is not None and self.which != _which(self.file):
            raise OSError(f"{self.file.name} was removed or replaced while it was open")
        self.connection.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Close the connection; a temporary copy goes with it."""
        self.connection.close()
        if self.copy is not None:
            scratch.remove(self.copy)


def open_database(file: Path, *, create: bool) -> Database:
    """Open the database at `file`, whose folder exists; an empty one is filled if `create`.

    What cannot be written, or not now because the disk is full, is opened for reading. Raises
    UserError if it is not a store of a schema this version reads, sqlite3.Error otherwise.
    """
    if file.is_dir():
        raise UserError(f"store {file.parent}: {file.name} is a folder; a store has a file there")
    if _writable(file):
        try:
            return _recognised(_connect(file, create=create), file, create=create)
        except sqlite3.OperationalError as error:
            if create or getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_ROOM:
                raise
    if not file.exists():
        raise UserError(f"store {file.parent}: is read-only, no store can be made there")
    return _recognised(_connect_read_only(file), file, create=False)


def _connect(file: Path, *, create: bool) -> Database:
    connection = _connection(file, "mode=rwc" if create else "mode=rw")
    connection.execute("PRAGMA synchronous = FULL")
    if not create:  # a session goes on where something truncates the file, and says so
        connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    return Database(connection, read_only=False, file=file, which=_which(file))


def _which(file: Path) -> tuple[int, int] | None:
    """What tells a file from any other of its name; None where there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _connect_read_only(file: Path) -> Database:
    """Read a database in a folder that cannot be written, with or without a live writer."""
    connection = _connection(file, "mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
    else:
        return Database(connection, read_only=True)
    log = file.with_name(file.name + "-wal")
    if not log.exists() or log.stat().st_size == 0:
        return Database(_connection(file, "immutable=1"), read_only=True)
    # Rows in a log that cannot be replayed here: replay it in a copy, or they would be missing.
    folder = Path(scratch.make("store"))
    for source in (file, log):
        shutil.copyfile(source, folder / source.name)
    copied = _connection(folder / file.name, "mode=rw")
    return Database(copied, read_only=True, copy=str(folder))


def _connection(file: Path, mode: str) -> sqlite3.Connection:
    uri = f"{file.absolute().as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)


def _writable(file: Path) -> bool:
    existing = [path for path in (file.parent, file) if path.exists()]
    effective = os.access in os.supports_effective_ids
    return all(os.access(path, os.W_OK, effective_ids=effective) for path in existing)


def _recognised(database: Database, file: Path, *, create: bool) -> Database:
    try:
        _recognise(database.connection, file, create=create)
        _require_excerpts(database.connection, temporary=database.read_only)
    except BaseException:
        database.close()
        raise
    return database


def _recognise(connection: sqlite3.Connection, file: Path, *, create: bool) -> None:
    if _is_empty(connection):
        if not create:
            raise EmptyStore(f"store {file.parent}: {FILE_NAME} is empty, there is no store yet")
        _create(connection)
    if _number(connection, "application_id") != APPLICATION_ID:
        raise UserError(f"store {file.parent}: {FILE_NAME} is the database of another program")
    version = _number(connection, "user_version")
    if version > SCHEMA_VERSION:
        raise UserError(
            f"store {file.parent}: has schema {version}, this version reads up to "
            f"{SCHEMA_VERSION}; upgrade metric-learning-bench"
        )
    _refuse_damaged(connection, file)
    if create:  # at each opening: the process that made the store may have ended before this
        connection.execute("PRAGMA journal_mode = WAL")


def _require_excerpts(connection: sqlite3.Connection, *, temporary: bool) -> None:
    """Make the tables of Excerpts, empty, where an earlier version made the store.

    `temporary`: where the database cannot be written, beside it and until it is closed.
    """
    if connection.execute(_EXCERPTS_EXIST).fetchone():
        return
    if not temporary:
        connection.execute("BEGIN IMMEDIATE")
    # Asked again: another may have been faster.
    if temporary or not connection.execute(_EXCERPTS_EXIST).fetchone():
        for statement in _EXCERPTS:
            connection.execute(statement.format(temporary="TEMP" if temporary else ""))
        for statement in () if temporary else _TRIGGERS:
            connection.execute(statement)
    if not temporary:
        connection.execute("COMMIT")


def _is_empty(connection: sqlite3.Connection) -> bool:
    objects = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return objects == 0 and _number(connection, "application_id") == 0


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection):  # another process may have been faster
        for statement in _SCHEMA:
            connection.execute(statement)
    connection.execute("COMMIT")


def _refuse_damaged(connection: sqlite3.Connection, file: Path) -> None:
    (first,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    missing = {"runs", "concatenations"} - tables
    if first != "ok" or missing:
        what = f"table {min(missing)} is missing" if missing else first.splitlines()[-1]
        raise UserError(f"store {file.parent}: {FILE_NAME} is damaged ({what})")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    number: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return number


@contextmanager
def writing(store: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Be the one writer while inside; if another process has it, call `waiting` once and wait."""
    lock = _lock(store)
    if not _free(lock):
        waiting()
        lock.acquire(poll_interval=_LOOK_EVERY)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing_if_free(store: Path) -> Iterator[bool]:
    """Be the one writer while inside if nobody is; yields whether that is so."""
    lock = _lock(store)
    free = _free(lock)
    try:
        yield free
    finally:
        if free:
            lock.release()


def _lock(store: Path) -> BaseFileLock:
    # Not before somebody writes. A lock of the system's own: it goes with its process.
    from filelock import FileLock

    return FileLock(store / _LOCK, thread_local=False)


def _free(lock: BaseFileLock) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
