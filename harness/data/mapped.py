"""Arrays larger than memory: mapped from a file, and read where they are looked at."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

IN_MEMORY_BYTES = 1 << 30
"""Decoded images up to this size are read into memory, where batches are quickest."""


class MappedArray(np.memmap[Any, Any]):
    """An array on disk that crosses to another process as the name of its file, not as bytes."""

    path: Path | None = None

    def __array_finalize__(self, obj: Any) -> None:
        """Views and parts of the array are not the file."""
        super().__array_finalize__(obj)
        self.path = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """The file's name for the whole array; the values for a part of it."""
        if self.path is not None:
            return map_array, (self.path,)
        return np.asarray(self).__reduce_ex__(protocol)

    def take_rows(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Read rows of the whole array, in the order of `positions`, into memory.

        The disk is asked for all of them at once: a page at a time would take ten times as long.
        """
        order = np.argsort(positions, kind="stable")
        if hasattr(mmap, "MADV_WILLNEED"):
            self._ask_for(positions[order])
        rows = np.empty((len(positions), *self.shape[1:]), dtype=self.dtype)
        # One image after the other: indexing them at once would copy each twice.
        stored = np.asarray(self)
        for place in order:
            rows[place] = stored[positions[place]]
        return rows

    def _ask_for(self, positions: npt.NDArray[np.int64]) -> None:
        size = int(self.strides[0])
        mapped: mmap.mmap = self._mmap  # type: ignore[attr-defined]
        for position in positions:
            # The map begins at the page that the array does, or a little before it.
            start = self.offset % mmap.ALLOCATIONGRANULARITY + int(position) * size
            page = start - start % mmap.PAGESIZE
            mapped.madvise(mmap.MADV_WILLNEED, page, start + size - page)


def map_array(path: Path) -> MappedArray:
    """Map a .npy file, read-only; nothing is read yet."""
    mapped = np.lib.format.open_memmap(path, mode="r").view(MappedArray)
    mapped.path = path
    return mapped


def open_array(path: Path) -> npt.NDArray[Any]:
    """Read a .npy file if it is small, map it if it is larger than `IN_MEMORY_BYTES`."""
    if path.stat().st_size > IN_MEMORY_BYTES:
        return map_array(path)
    return np.asarray(np.load(path, allow_pickle=False))
