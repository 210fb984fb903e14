"""IDX: the format of MNIST and its kin, plain or compressed by gzip."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unreadable

_UNSIGNED_BYTE = 0x08
_GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, of whatever shape it states.

    Raises UserError for a file that is cut off, longer than it states, or of another kind.
    """
    content = read_plain(path)
    if not content:
        raise UserError(f"{path}: is empty")
    if len(content) < 4 or content[:2] != b"\0\0":
        raise UserError(f"{path}: is no IDX file")
    kind, dimensions = content[2], content[3]
    if kind != _UNSIGNED_BYTE:
        raise UserError(f"{path}: holds IDX values of kind 0x{kind:02x}, not unsigned bytes")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise UserError(f"{path}: is cut off in its header")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    expected = start + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise UserError(f"{path}: has {len(content)} bytes where its header asks for {expected}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def read_plain(path: Path) -> bytes:
    """Read a file, decompressed where it is gzip; UserError where it is cut off or damaged."""
    packed = False
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            # GzipFile reads like any binary file but is not declared as one.
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
            return stream.read()
    except (EOFError, zlib.error, OSError) as error:
        raise unreadable(path, "gzip" if packed else "plain", error) from error
