"""Arrays of .npz files, read from front to back, so that one larger than memory can pass."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unreadable


class Npz:
    """An open .npz file. Arrays of objects (pickles) are refused."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, from its header."""
        with self._entry(name) as (_, shape, _):
            return shape

    def read(self, name: str) -> npt.NDArray[Any]:
        """Read a whole array."""
        return np.concatenate(list(self.chunks(name, rows=1 << 16)))

    def chunks(self, name: str, *, rows: int) -> Iterator[npt.NDArray[Any]]:
        """Yield an array in order, at most so many rows at a time; one empty chunk if it is."""
        with self._entry(name) as (file, shape, dtype):
            row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
            for start in range(0, max(shape[0], 1), rows):
                count = min(rows, shape[0] - start)
                content = file.read(count * row)
                if len(content) != count * row:
                    raise UserError(f"{self._path}: array {name} is cut off")
                yield np.frombuffer(content, dtype=dtype).reshape(count, *shape[1:])

    @contextmanager
    def _entry(self, name: str) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype[Any]]]:
        try:
            with self._archive.open(f"{name}.npy") as file:
                version = np.lib.format.read_magic(file)
                read = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, fortran, dtype = read(file)
                if dtype.hasobject:
                    raise UserError(
                        f"{self._path}: array {name} holds pickled objects, which could run any "
                        "code: refused"
                    )
                if fortran or not shape:
                    raise UserError(f"{self._path}: array {name} is not in row order")
                yield file, shape, dtype
        except KeyError as error:
            raise UserError(f"{self._path}: has no array {name}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise UserError(f"{self._path}: array {name} is damaged ({error})") from error


@contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Open a .npz file; UserError where it is none or is cut off."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Npz(path, archive)
    except (zipfile.BadZipFile, OSError) as error:
        raise unreadable(path, "npz", error) from error
