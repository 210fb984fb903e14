"""One copy of a dataset for all workers: its arrays in a file that each of them maps.

Where the system can seal a file, nobody can write to it any more, whoever finds it: a method's
process belongs to the same user.
"""

from __future__ import annotations

import mmap
import os
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.apart.memory import anonymous_file, seal
from harness.data.dataset import Dataset
from harness.errors import UserError
from harness.scratch import scratch_folder

_ALIGNMENT = 64


@dataclass(frozen=True)
class SharedDataset:
    """A dataset without its arrays, and where those lie in the file: (offset, length) each.

    `folder`: what is to be removed; None for a file without a name, which goes with the session.
    """

    file: Path
    folder: Path | None
    skeleton: bytes
    spans: tuple[tuple[int, int], ...]

    def open(self) -> Dataset:
        """The dataset, its arrays mapped read-only: the pages are the same in every process."""
        with self.file.open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        buffers = [mapped[offset : offset + length] for offset, length in self.spans]
        dataset = pickle.loads(self.skeleton, buffers=buffers)  # noqa: S301 - our own bytes
        assert isinstance(dataset, Dataset)
        return dataset

    def remove(self) -> None:
        """Remove the file; who has mapped it keeps it."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def shared(dataset: Dataset) -> Iterator[SharedDataset]:
    """Share a dataset with other processes of this machine while inside.

    Raises UserError if a plugin's dataset cannot be pickled, or there is no room for its arrays.
    """
    if hasattr(os, "memfd_create"):
        descriptor = anonymous_file()
        try:
            yield _write(dataset, Path(f"/proc/{os.getpid()}/fd/{descriptor}"), descriptor)
        finally:
            os.close(descriptor)
        return
    with scratch_folder("dataset") as folder:
        yield _write(dataset, folder / "arrays")


def _write(dataset: Dataset, place: Path, descriptor: int | None = None) -> SharedDataset:
    buffers: list[pickle.PickleBuffer] = []
    try:
        skeleton = pickle.dumps(dataset, protocol=5, buffer_callback=buffers.append)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"dataset '{dataset.name}' cannot be shared with workers: {error}; use --workers 1"
        ) from error
    spans = []
    try:
        with (
            place.open("wb") if descriptor is None else open(descriptor, "wb", closefd=False)
        ) as file:
            for buffer in buffers:
                file.write(bytes(-file.tell() % _ALIGNMENT))
                raw = buffer.raw()
                spans.append((file.tell(), raw.nbytes))
                file.write(raw)
            file.write(b"\0")  # an empty file cannot be mapped
    except OSError as error:
        where = "memory" if descriptor is not None else place.parent
        raise UserError(f"no room to share the dataset in {where}: {error.strerror}") from error
    if descriptor is not None:
        seal(descriptor)
    folder = place.parent if descriptor is None else None
    return SharedDataset(place, folder, skeleton, tuple(spans))
