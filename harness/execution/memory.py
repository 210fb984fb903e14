"""Main memory that a process and those below it hold, counted once where they share it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def held_bytes(pid: int) -> int:
    """What is in main memory of a process and all below it; 0 if it is gone.

    Pages that several of them have are divided among them.
    """
    return sum(_share_of(one) for one in _family(pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except (OSError, ValueError):
        return
    for child in children:
        yield from _family(child)


def _share_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return resident_bytes(pid)
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return resident_bytes(pid)


def resident_bytes(pid: int) -> int:
    """What is in main memory of one process, shared or not; 0 if it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
