"""Opening a file as a `Source`, by its suffix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.errors import UserError, nearest, unreadable
from harness.reading.array_file import open_npy, open_npz, open_safetensors
from harness.reading.encodings import TEXTS, UNREADABLE, open_bytes, suffix_of
from harness.reading.options import AS_IT_IS, Reading
from harness.reading.parquet_table import ParquetTable
from harness.reading.source import Source
from harness.reading.text_table import TextTable

_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK\x03\x04", ".parquet": b"PAR1"}
_ELSE: Mapping[bytes, str] = {
    b"PK\x03\x04": "zip archive",
    b"\x1f\x8b": "gzip file",
    b"BZh": "bzip2 file",
    b"\xfd7zXZ": "xz file",
    b"PAR1": "Parquet file",
    b"\x93NUMPY": "NumPy array",
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "Excel workbook",
    b"<!DOCTYPE": "web page",
    b"<html": "web page",
    b"\x80": "pickle, which is never opened",
}
"""How files begin that are no texts, whatever their names say."""
_OTHERS: Mapping[str, Callable[[Path], Source]] = {
    ".npy": open_npy,
    ".npz": open_npz,
    ".safetensors": open_safetensors,
    ".parquet": ParquetTable,
}
SUFFIXES = frozenset({*TEXTS, *_OTHERS})


def require_no_sheet(path: Path) -> None:
    """UserError for a spreadsheet, which is not read."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise UserError(f"{path}: is a spreadsheet: save the sheet as .csv")


def open_source(path: Path, reading: Reading = AS_IT_IS) -> Source:
    """Open a table or a file of arrays; UserError where it is none that can be read."""
    suffix = suffix_of(path)
    require_no_sheet(path)
    if suffix not in SUFFIXES:
        raise UserError(
            f"{path}: cannot tell the format from '{path.suffix}'{nearest(path.suffix, SUFFIXES)} "
            f"(allowed: {', '.join(sorted(SUFFIXES))}; texts may be .gz, .bz2 or .xz)"
        )
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or device, and is read more than once"
        raise UserError(f"{path}: is {what}: a file is needed")
    try:
        with open_bytes(path) as file:
            start = file.read(16)
    except UNREADABLE as error:
        raise unreadable(path, path.suffix[1:], error) from None
    if not start:
        raise UserError(f"{path}: is empty")
    if not start.startswith(_MAGIC.get(suffix, b"")):
        raise UserError(f"{path} is not a {suffix[1:]} file, whatever its name says")
    if suffix in TEXTS:
        other = next((what for mark, what in _ELSE.items() if start.startswith(mark)), None)
        if other is not None:
            raise UserError(f"{path} is no text but a {other}")
        return TextTable(path, header=reading.header)
    return _OTHERS[suffix](path)
