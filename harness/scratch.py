"""Folders for a while: removed by who made them, or by the next who makes one if that one is gone.

A process that is killed removes nothing. So each folder is locked by its owner for as long as it
lives; one that nobody locks is nobody's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_PREFIX = "bench-held-"
"""Of folders with a lock: those of earlier versions have none, and may be somebody's."""

_locks: dict[str, int] = {}


def make(kind: str) -> str:
    """Make an empty folder of this process, and remove what processes that are gone have left."""
    place = tempfile.gettempdir()
    remove_abandoned(place)
    while True:
        folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-", dir=place)
        lock = _locked(folder)
        if lock is not None:
            _locks[folder] = lock
            return folder


def remove(folder: str) -> None:
    """Remove a folder of `make`, whatever lies in it and however it is closed."""
    _remove(folder)
    lock = _locks.pop(folder, None)
    if lock is not None:
        os.close(lock)


@contextmanager
def scratch_folder(kind: str) -> Iterator[Path]:
    """A folder that is there inside."""
    folder = make(kind)
    try:
        yield Path(folder)
    finally:
        remove(folder)


@cache
def remove_abandoned(place: str) -> None:
    """Remove this user's folders of `make` whose owner is gone; once a process."""
    for entry in _entries(place):
        lock = _locked(entry)
        if lock is not None:
            _remove(entry)
            os.close(lock)


def _entries(place: str) -> list[str]:
    try:
        with os.scandir(place) as found:
            return [one.path for one in found if one.name.startswith(_PREFIX) and _is_own(one)]
    except OSError:
        return []


def _is_own(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_uid == os.getuid()
    except OSError:
        return False


def _locked(folder: str) -> int | None:
    """A lock on a folder, kept until it is closed; None if another has it, or the folder is gone.

    No process that this one begins gets it, so that it ends with this one.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.lstat(folder)):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _remove(folder: str) -> None:
    def opened(act: Any, path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            os.chmod(path, 0o700, follow_symlinks=False)
            act(path)

    shutil.rmtree(folder, onerror=opened)
    shutil.rmtree(folder, ignore_errors=True)
