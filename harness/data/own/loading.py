"""Loading whatever a person's path leads to."""

from __future__ import annotations

from pathlib import Path

from harness.data.dataset import Dataset
from harness.data.own.arrays import SUFFIXES, load_arrays
from harness.data.own.folders import load_folder
from harness.data.own.tables import load_table
from harness.data.seal import require_open
from harness.errors import UserError

DEFAULT_SIZE = 64
_TABLES = frozenset({".csv", ".parquet"})
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")


def load_path(path: Path, *, size: int = DEFAULT_SIZE) -> Dataset:
    """Load a folder of class folders, a table of paths and labels, or a file of arrays.

    `size`: to which encoded images are brought. Raises UserError saying what is wrong with the
    data, and SealedTestSet while an objective is alive.
    """
    require_open(f"the data in {path} were")
    if not path.exists():
        raise UserError(f"--data {path}: no such file or folder")
    if path.is_dir() or path.name.lower().endswith(_ARCHIVES):
        return load_folder(path, size=size)
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        return load_table(path, size=size)
    if suffix in SUFFIXES:
        return load_arrays(path)
    allowed = ", ".join(sorted({*_TABLES, *SUFFIXES, *_ARCHIVES}))
    raise UserError(f"--data {path}: neither a folder nor one of {allowed}")
