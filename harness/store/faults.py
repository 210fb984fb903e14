"""One clear line for what disks and databases do wrong; a bug of ours stays a traceback."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UserError

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
def one_line(path: Path) -> Iterator[None]:
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
    return _SQLITE.get(code & 0xFF)
