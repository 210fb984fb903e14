"""One `bench run` at a time on a store: a lock that is let go when its holder is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

FILE_NAME = "writer.lock"


@contextmanager
def held(store: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock while inside; if another process has it, call `waiting` once and wait."""
    lock = _lock(store)
    if not _free(lock):
        waiting()
        lock.acquire(poll_interval=_LOOK_EVERY)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def held_if_free(store: Path) -> Iterator[bool]:
    """Hold the lock while inside if nobody has it; yields whether it is held."""
    lock = _lock(store)
    free = _free(lock)
    try:
        yield free
    finally:
        if free:
            lock.release()


_LOOK_EVERY = 0.05


def _lock(store: Path) -> BaseFileLock:
    # Not before somebody writes. A lock of the system's own: it goes with its process.
    from filelock import FileLock

    return FileLock(store / FILE_NAME, thread_local=False)


def _free(lock: BaseFileLock) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
