"""Writing a file at once and complete, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"
"""What a file's name ends in while it is written."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once and complete, its bytes on the disk before its name is.

    What stood there stays until then. Raises OSError with nothing left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # where a folder cannot be opened, and its entry is on the disk already
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
