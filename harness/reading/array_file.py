"""Files of named arrays: .npz and .safetensors, and the one array of a .npy file."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from harness.errors import UserError, unreadable
from harness.reading.names import counts_rows
from harness.reading.source import Array, Kind, ReadColumn


class ArrayFile:
    """Arrays by name, read when they are asked for."""

    table = False
    headed = True

    def __init__(self, where: Path, names: Sequence[str], read: Callable[[str], Array]) -> None:
        self.where = where
        self.names: Sequence[str] = list(names)
        self.notes: list[str] = []
        self.row_names = frozenset(name for name in names if counts_rows(name))
        self._read = read
        self._kept: dict[str, Array] = {}

    def kind(self, name: str) -> Kind:
        """What an array holds, by dtype and shape."""
        array = self.array(name)
        alone = array.ndim == 2 and array.shape[1] == 1 and array.dtype.kind != "f"
        if array.ndim == 1 or alone:
            kinds: dict[str, Kind] = {"i": "whole", "u": "whole", "b": "whole", "f": "real"}
            return kinds.get(array.dtype.kind, "text" if array.dtype.kind in "US" else "other")
        if array.ndim == 2 and array.dtype.kind in "fiub":
            return "vectors"
        if array.ndim in (3, 4) and array.dtype == np.uint8:
            return "images"
        return "other"

    def column(self, name: str) -> ReadColumn:
        """An array of one value a row, (N,) or (N, 1)."""
        array = np.asarray(self.array(name))
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        if array.ndim != 1:
            raise UserError(
                f"{self.where}: {name} of shape {array.shape}: one label a sample is needed"
            )
        if array.dtype.kind == "S":
            try:
                array = np.char.decode(array, "utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{self.where}: {name} holds bytes that are no UTF-8 ({error.object[:20]!r})"
                ) from None
        if array.dtype.kind == "U":
            return ReadColumn(array, np.char.strip(array) == "")
        if array.dtype.kind == "f":
            return ReadColumn(array, np.isnan(array))
        return ReadColumn(array, np.zeros(len(array), dtype=np.bool_))

    def matrix(self, names: Sequence[str]) -> Array:
        """Arrays of one number a row, side by side."""
        return np.stack([self.column(name).values for name in names], axis=1)

    def array(self, name: str) -> Array:
        """An array as it is."""
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name]


def open_npz(where: Path) -> ArrayFile:
    """Open an archive of arrays; UserError where it is damaged or holds a pickle."""

    def read(name: str) -> Array:
        try:
            with where.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return np.asarray(arrays[name])
        except _DAMAGED as error:
            raise broken(where, error) from None

    try:
        with where.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            names = list(arrays.files)
    except _DAMAGED as error:
        raise broken(where, error) from None
    return ArrayFile(where, names, read)


def open_npy(where: Path, *, name: str = "inputs") -> ArrayFile:
    """The one array of a .npy file, under a name; one larger than memory is mapped."""
    from harness.data.dataset import open_array

    def read(_: str) -> Array:
        try:
            return open_array(where)
        except (*_DAMAGED, MemoryError) as error:
            raise broken(where, error) from None

    return ArrayFile(where, [name], read)


def open_safetensors(where: Path) -> ArrayFile:
    """Open a file of tensors; UserError where it is damaged or has a dtype that numpy lacks."""
    from safetensors import SafetensorError, safe_open

    damaged = (SafetensorError, TypeError, AttributeError, OSError)

    def read(name: str) -> Array:
        try:
            with safe_open(where, framework="numpy") as tensors:
                kind = tensors.get_slice(name).get_dtype()
                if kind == "BF16":
                    return _bfloat16(where, name)
                if kind.startswith("F8"):
                    raise UserError(f"{where}: {name} is {kind}: save it as float16 or float32")
                return np.asarray(tensors.get_tensor(name))
        except damaged as error:
            raise broken(where, error) from None

    try:
        with safe_open(where, framework="numpy") as tensors:
            names = list(tensors.keys())
    except damaged as error:
        raise broken(where, error) from None
    return ArrayFile(where, names, read)


# RuntimeError: a damaged header can ask for a password or another version of zip.
_DAMAGED = (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def _bfloat16(where: Path, name: str) -> Array:
    """A tensor of bfloat16, which numpy lacks, as float32: each is the upper half of one."""
    with where.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
        start, stop = entry["data_offsets"]
        file.seek(8 + length + start)
        halves = np.frombuffer(file.read(stop - start), dtype="<u2").astype(np.uint32)
    return (halves << 16).view(np.float32).reshape(entry["shape"])


def broken(where: Path, error: BaseException) -> UserError:
    """The line for a file that is cut off, damaged, or a pickle."""
    said = " ".join(str(error).split())
    if "pickle" in said.lower() or "object" in said.lower():
        return UserError(
            f"{where} holds Python objects, which are never loaded; save arrays of numbers, and "
            "texts as array.astype(str)"
        )
    return unreadable(where, where.suffix[1:], error)
