"""Opening a file as a `Source`, by its suffix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.errors import UserError, nearest
from harness.reading.array_file import open_npy, open_npz, open_safetensors
from harness.reading.options import AS_IT_IS, Reading
from harness.reading.parquet_table import ParquetTable
from harness.reading.source import Source
from harness.reading.text_table import TextTable

_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK\x03\x04", ".parquet": b"PAR1"}
_TEXTS = frozenset({".csv", ".tsv", ".txt"})
_OTHERS: Mapping[str, Callable[[Path], Source]] = {
    ".npy": open_npy,
    ".npz": open_npz,
    ".safetensors": open_safetensors,
    ".parquet": ParquetTable,
}
SUFFIXES = frozenset({*_TEXTS, *_OTHERS})


def open_source(path: Path, reading: Reading = AS_IT_IS) -> Source:
    """Open a table or a file of arrays; UserError where it is none that can be read."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            f"{path}: cannot tell the format from '{path.suffix}'{nearest(path.suffix, SUFFIXES)} "
            f"(allowed: {', '.join(sorted(SUFFIXES))})"
        )
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    if not start:
        raise UserError(f"{path} is empty")
    if not start.startswith(_MAGIC.get(suffix, b"")):
        raise UserError(f"{path} is not a {suffix[1:]} file, whatever its name says")
    if suffix in _TEXTS:
        return TextTable(path, header=reading.header)
    return _OTHERS[suffix](path)
