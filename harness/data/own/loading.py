"""Loading whatever a person's path leads to."""

from __future__ import annotations

from pathlib import Path

from harness.data.dataset import Dataset
from harness.data.own.files import load_file
from harness.data.own.folders import load_folder
from harness.data.seal import require_open
from harness.errors import UserError
from harness.reading import SUFFIXES, Reading
from harness.reading.options import AS_IT_IS

DEFAULT_SIZE = 64
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")


def load_path(path: Path, reading: Reading = AS_IT_IS, *, size: int = DEFAULT_SIZE) -> Dataset:
    """Load a folder of class folders, a table of paths and labels, or a file of arrays.

    `size`: to which encoded images are brought. Raises UserError saying what is wrong with the
    data, and SealedTestSet while an objective is alive.
    """
    require_open(f"the data in {path} were")
    if not path.exists():
        raise UserError(f"--data {path}: no such file or folder")
    if path.is_dir() or path.name.lower().endswith(_ARCHIVES):
        return load_folder(path, size=size, skip_unreadable=reading.skip_unreadable)
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return load_file(path, reading, size=size)
    allowed = ", ".join(sorted({*SUFFIXES, *_ARCHIVES}))
    raise UserError(f"--data {path}: neither a folder nor one of {allowed}")
