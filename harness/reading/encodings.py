"""Texts as they lie on disk: compressed or not, and in which encoding, told by their bytes."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from harness.errors import UserError, unreadable

TEXTS = frozenset({".csv", ".tsv", ".txt"})
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What a file raises that is not there, cut off or damaged."""

_COMPRESSED: Mapping[str, Callable[[Path], object]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def suffix_of(path: Path) -> str:
    """A file's ending in small letters; of a.csv.gz, a compressed text, `.csv`."""
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if suffix in _COMPRESSED and inner in TEXTS else suffix


def open_text(where: Path, encoding: str) -> TextIO:
    """A text file, compressed or not, whose line endings stay as they are."""
    return io.TextIOWrapper(open_bytes(where), encoding=encoding, newline="")


def open_bytes(where: Path) -> BinaryIO:
    """A file's bytes; those within, where its name says that it is compressed."""
    opened = _COMPRESSED.get(where.suffix.lower())
    return where.open("rb") if opened is None else cast("BinaryIO", opened(where))


def told_encoding(where: Path) -> tuple[str, str]:
    """The encoding of a text, and a note where it is odd; UserError for what is no text."""
    decoder, zeros = codecs.getincrementaldecoder("utf-8")(), None
    try:
        with open_bytes(where) as file:
            start = file.read(4096)
            for mark, encoding in _MARKS.items():
                if start.startswith(mark):
                    return encoding, ""
            if b"\0" in start:
                zeros = start
            chunk = start
            while chunk and zeros is None:
                decoder.decode(chunk)
                chunk = file.read(1 << 20)
            decoder.decode(b"", final=zeros is None)
    except UnicodeDecodeError:
        return _windows(where), f"{where.name}: is no UTF-8: read as Latin-1 (Windows-1252)"
    except UNREADABLE as error:
        raise unreadable(where, where.suffix[1:], error) from None
    if zeros is None:
        return "utf-8", ""
    even, odd = zeros[::2].count(0), zeros[1::2].count(0)
    if max(even, odd) * 4 < len(zeros) or min(even, odd) * 8 > len(zeros):
        raise UserError(f"{where} cannot be read as a table: it holds zero bytes")
    return "utf-16-le" if odd > even else "utf-16-be", f"{where.name}: read as UTF-16"


def _windows(where: Path) -> str:
    try:
        with open_text(where, "cp1252") as file:
            for _ in file:
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
