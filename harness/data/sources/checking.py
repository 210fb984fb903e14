"""Whether a file is the one that was published."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal

from harness.data.sources.entry import SourceFile
from harness.errors import UserError

FileState = Literal["as published", "recompressed", "unpacked", "no digest known"]
_BLOCK = 1 << 20


def check_file(file: SourceFile, path: Path) -> FileState:
    """Compare a file with its digests; UserError where it has some and fits none.

    A folder (an unpacked archive) has no digest; the reader finds what it lacks.
    """
    if path.is_dir():
        return "unpacked"
    if file.md5 and _digest(path, hashlib.md5) == file.md5:
        return "as published"
    if file.content_sha256 and _content_digest(path) == file.content_sha256:
        return "recompressed"
    plain = path.suffix != ".gz" and file.name.endswith(".gz")
    if not (file.md5 or file.content_sha256) or (plain and not file.content_sha256):
        return "no digest known"
    raise UserError(
        f"{path}: is not {file.name} as published ({_size(path)} bytes, digest differs): "
        "half a download, or another version"
    )


def _size(path: Path) -> str:
    return f"{path.stat().st_size:,}"


def _digest(path: Path, kind: Callable[..., hashlib._Hash]) -> str:
    try:
        with path.open("rb") as file:
            return _of(file, kind)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _content_digest(path: Path) -> str | None:
    if path.suffix != ".gz":
        return _digest(path, hashlib.sha256)
    try:
        with gzip.open(path, "rb") as file:
            return _of(file, hashlib.sha256)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None


def _of(file: IO[bytes] | gzip.GzipFile, kind: Callable[..., hashlib._Hash]) -> str:
    digest = kind(usedforsecurity=False)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
