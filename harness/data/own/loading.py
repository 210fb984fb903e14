"""Loading whatever a person's path leads to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from harness.data.dataset import Dataset, require_open
from harness.data.formats.trees import ARCHIVES
from harness.data.own.files import load_file
from harness.data.own.folders import load_folder
from harness.errors import UserError
from harness.reading import SUFFIXES, Reading, suffix_of
from harness.reading.opening import require_no_sheet
from harness.reading.options import AS_IT_IS

DEFAULT_SIZE = 64


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
    return path.is_dir() or path.name.lower().endswith(ARCHIVES)


def load_path(
    path: Path, reading: Reading = AS_IT_IS, *, size: int | None = None, several: bool = True
) -> Dataset:
    """Load a folder of class folders, a table of paths and labels, or a file of arrays.

    `size`: to which encoded images are brought, by default the reading's, or 64. `several`: two
    classes are needed, as to train and to test. Raises UserError
    saying what is wrong with the data, and SealedTestSet while an objective is alive.
    """
    require_open(f"the data in {path} were")
    size = size or reading.size or DEFAULT_SIZE
    if not path.exists():
        raise UserError(f"--data {path}: no such file or folder")
    if is_folder(path):
        found = load_folder(path, size=size, skip_unreadable=reading.skip_unreadable)
        return _of_classes(found, path, several=several)
    if suffix_of(path) in SUFFIXES:
        return _of_classes(load_file(path, reading, size=size), path, several=several)
    require_no_sheet(path)
    allowed = ", ".join(sorted({*SUFFIXES, *ARCHIVES}))
    raise UserError(f"--data {path}: neither a folder nor one of {allowed}")


def _of_classes(dataset: Dataset, path: Path, *, several: bool) -> Dataset:
    used = len(np.unique(dataset.labels))
    if several and used < 2:
        left = "".join(f"; {note}" for note in dataset.notes if "left out" in note)
        raise UserError(f"{path}: all {len(dataset)} samples are of one class{left}")
    return dataset
