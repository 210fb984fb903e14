"""Arrays from files that people have: npy, npz, safetensors, CSV and Parquet; never a pickle."""

from __future__ import annotations

import csv
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, nearest

Array = npt.NDArray[Any]

_LABELS = ("labels", "label")
_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK\x03\x04", ".parquet": b"PAR1"}


def read_embeddings(path: Path) -> Array:
    """Read a table of numbers, of shape (samples, dimensions); UserError where there is none.

    In a file of several arrays the one named `embeddings` counts; in a table all columns but one
    named `label` or `labels`.
    """
    return _read(path, "embeddings")


def read_labels(path: Path) -> Array:
    """Read one label a sample, integers or names (then an array of str), of shape (samples,).

    In a file of several arrays or columns the one named `labels` or `label` counts.
    """
    array = _read(path, "labels")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def codes_of(*labels: Array) -> list[Array]:
    """Give names of classes numbers, the same name the same number in each; integers stay."""
    if all(side.dtype.kind in "iub" for side in labels):
        return list(labels)
    if any(side.dtype.kind not in "iubU" for side in labels):
        raise UserError("labels must be integers or names, nothing else")
    names = np.unique(np.concatenate([side.astype(np.str_) for side in labels]))
    return [np.searchsorted(names, side.astype(np.str_)) for side in labels]


def _read(path: Path, name: str) -> Array:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(sorted(_READERS))
        raise UserError(
            f"{path}: cannot tell the format from '{path.suffix}'"
            f"{nearest(path.suffix, _READERS)} (allowed: {kinds})"
        )
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    if not start:
        raise UserError(f"{path} is empty")
    if not start.startswith(_MAGIC.get(path.suffix.lower(), b"")):
        raise UserError(f"{path} is not a {path.suffix[1:]} file, whatever its name says")
    return reader(path, name)


def _npy(path: Path, _: str) -> Array:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise UserError(_broken(path, error)) from None


def _npz(path: Path, name: str) -> Array:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return np.asarray(arrays[_choose(path, arrays.files, name)])
    except (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: a damaged header can ask for a password or another version of zip.
        raise UserError(_broken(path, error)) from None


def _safetensors(path: Path, name: str) -> Array:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            return np.asarray(tensors.get_tensor(_choose(path, list(tensors.keys()), name)))
    except (SafetensorError, TypeError, AttributeError, OSError) as error:
        # numpy has no bfloat16 and no float8: their names are missing from it.
        raise UserError(_broken(path, error)) from None


def _csv(path: Path, name: str) -> Array:
    read = _csv_numbers if name == "embeddings" else _csv_labels
    try:
        with path.open(encoding="utf-8-sig") as file:
            return read(path, file)
    except (ValueError, csv.Error) as error:
        raise UserError(_broken(path, error)) from None


def _csv_numbers(path: Path, file: TextIO) -> Array:
    head = _head(path, csv.reader(file))
    if _all_numbers(head):
        file.seek(0)
    columns = [i for i, title in enumerate(head) if _title(title) not in _LABELS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an empty file is told below
        numbers = np.loadtxt(
            file, delimiter=",", comments=None, usecols=columns, ndmin=2, quotechar='"'
        )
    if numbers.size == 0:
        raise UserError(f"{path} holds no rows")
    return numbers


def _csv_labels(path: Path, file: TextIO) -> Array:
    rows = csv.reader(file, skipinitialspace=True)
    head = _head(path, rows)
    column = next((i for i, title in enumerate(head) if _title(title) in _LABELS), None)
    if column is None and len(head) > 1:
        raise UserError(f"{path}: {len(head)} columns, none of them named label or labels")
    texts = head.copy() if column is None else []
    for row in filter(None, rows):
        if len(row) != len(head):
            raise UserError(
                f"{path}: line {rows.line_num} has {len(row)} columns, the first has {len(head)}"
            )
        texts.append(row[column or 0].strip())
    if not texts:
        raise UserError(f"{path} holds no rows")
    return _numbers_or_names(texts)


def _head(path: Path, rows: Iterator[list[str]]) -> list[str]:
    for row in filter(None, rows):
        return [field.strip() for field in row]
    raise UserError(f"{path} holds no rows")


def _title(field: str) -> str:
    return field.removeprefix("#").lstrip()  # np.savetxt puts a hash before its header


def _numbers_or_names(texts: list[str]) -> Array:
    try:
        numbers = [int(text) for text in texts]
        kind = np.uint64 if max(numbers) > np.iinfo(np.int64).max else np.int64
        return np.array(numbers, dtype=kind)
    except (ValueError, OverflowError):
        return np.array(texts)


def _parquet(path: Path, name: str) -> Array:
    try:
        import pandas as pd

        frame = pd.read_parquet(path)
    except ImportError:
        raise UserError(f"{path}: reading Parquet needs pyarrow (pip install pyarrow)") from None
    except (ValueError, OSError) as error:
        raise UserError(_broken(path, error)) from None
    if name == "labels":
        column = frame[_choose(path, [str(title) for title in frame.columns], name)]
        return column.to_numpy() if column.dtype.kind in "iu" else column.astype(str).to_numpy(str)
    frame = frame.drop(columns=[title for title in frame.columns if title in _LABELS])
    words = [str(title) for title in frame.columns if frame[title].dtype.kind not in "iufb"]
    if words:
        raise UserError(f"{path}: columns that hold no numbers: {', '.join(words)}")
    return frame.to_numpy()


def _choose(path: Path, names: list[str], wanted: str) -> str:
    if len(names) == 1:
        return names[0]
    for name in _LABELS if wanted == "labels" else (wanted,):
        if name in names:
            return name
    held = ", ".join(sorted(names)) or "nothing"
    raise UserError(f"{path} holds {held}: none of them named {wanted}")


def _all_numbers(fields: list[str]) -> bool:
    try:
        [float(field) for field in fields]
    except ValueError:
        return False
    return True


def _broken(path: Path, error: Exception) -> str:
    said = " ".join(str(error).split())
    if "pickle" in said.lower() or "object" in said.lower():
        return f"{path} holds Python objects, which are never loaded; save arrays of numbers"
    return f"{path} cannot be read as {path.suffix[1:]}: {said}"


_READERS: Mapping[str, Callable[[Path, str], Array]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".csv": _csv,
    ".parquet": _parquet,
}
