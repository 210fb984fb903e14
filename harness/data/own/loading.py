"""Loading whatever a person's path leads to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.data.dataset import Dataset, require_open
from harness.data.own.files import load_file
from harness.data.own.folders import load_folder
from harness.errors import UserError
from harness.reading import SUFFIXES, Reading
from harness.reading.options import AS_IT_IS

DEFAULT_SIZE = 64
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")


@dataclass(frozen=True)
class Brought:
    """Own data by their path, and how they are read."""

    path: Path
    reading: Reading = AS_IT_IS

    @cached_property
    def dataset(self) -> Dataset:
        """The data, loaded when they are first asked for; UserError as `load_path`."""
        return load_path(self.path, self.reading)


def is_folder(path: Path) -> bool:
    """Whether a path is read as a folder: one, or an archive of one."""
    return path.is_dir() or path.name.lower().endswith(_ARCHIVES)


def load_path(path: Path, reading: Reading = AS_IT_IS, *, size: int | None = None) -> Dataset:
    """Load a folder of class folders, a table of paths and labels, or a file of arrays.

    `size`: to which encoded images are brought, by default the reading's, or 64. Raises UserError
    saying what is wrong with the data, and SealedTestSet while an objective is alive.
    """
    require_open(f"the data in {path} were")
    size = size or reading.size or DEFAULT_SIZE
    if not path.exists():
        raise UserError(f"--data {path}: no such file or folder")
    if is_folder(path):
        return load_folder(path, size=size, skip_unreadable=reading.skip_unreadable)
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return load_file(path, reading, size=size)
    allowed = ", ".join(sorted({*SUFFIXES, *_ARCHIVES}))
    raise UserError(f"--data {path}: neither a folder nor one of {allowed}")
