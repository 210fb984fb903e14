"""One `bench run` at a time on a store: a lock that is let go when its holder is gone."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "writer.lock"


@contextmanager
def held(store: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock while inside; if another process has it, call `waiting` once and wait.

    The file stays: to remove it would let two processes lock two files of one name.
    """
    with (store / FILE_NAME).open("ab") as file:
        if not _lock(file.fileno()):
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def held_if_free(store: Path) -> Iterator[bool]:
    """Hold the lock while inside if nobody has it; yields whether it is held."""
    with (store / FILE_NAME).open("ab") as file:
        yield _lock(file.fileno())


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
