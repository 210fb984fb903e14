"""A table of paths and labels: CSV or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.data.dataset import Attribute, Dataset
from harness.data.decoding import image_dataset
from harness.data.formats.trees import Tree
from harness.data.own.columns import LABELS, PATHS, SPLITS, class_codes, maybe, part_codes, pick
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_PLAIN_WHOLE = r"\s*(?:0|-?[1-9][0-9]*)\s*"
_WHOLE = r"\s*[+-]?[0-9]+\s*"
_REAL = r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*"


class Listed:
    """The files that a table names, relative to the table's folder."""

    def __init__(self, table: Path, names: list[str]) -> None:
        self.where = table
        self.names = names

    def stream(self, names: Any) -> Any:
        """Yield the named files in order; UserError for one that is not there."""
        for name in names:
            try:
                yield name, (self.where.parent / name).read_bytes()
            except OSError as error:
                raise UserError(f"{self.where}: names {name}: {error.strerror}") from error


def load_table(path: Path, *, size: int) -> Dataset:
    """Load the images that a CSV or Parquet file lists, one row each.

    Columns: a path (relative to the table's folder), a label, and if there is one, the part
    (train, val or test). Every other column that has no gaps, and a value for every two rows at
    most, is an attribute.
    """
    frame = _read(path)
    names = [str(name) for name in frame[pick("column of paths", PATHS, frame.columns, path)]]
    files = [path, *(path.parent / name for name in names)]
    missing = [file for file in files if not file.exists()]
    if missing:
        raise UserError(
            f"{path}: names {len(missing)} of {len(names)} files that are not there "
            f"(the first: {missing[0]})"
        )

    def index(_: Tree) -> ImageIndex:
        return _index(frame, names, path)

    return image_dataset(
        path.name,
        files,
        index,
        size=size,
        source=f"a person's own images: {path.name}",
        licence="the owner's",
        tree=Listed(path, names),
    )


def _index(frame: pd.DataFrame, names: list[str], path: Path) -> ImageIndex:
    columns = list(frame.columns)
    label, split = pick("column of labels", LABELS, columns, path), maybe(SPLITS, columns)
    labels = class_codes(_values(frame, label, path), path)
    used = {label, split, pick("column of paths", PATHS, columns, path)}
    return ImageIndex(
        names=tuple(names),
        labels=labels.values,
        class_names=labels.names,
        parts=None if split is None else part_codes(_values(frame, split, path), path),
        attributes=_attributes(frame, [name for name in columns if name not in used]),
    )


def _attributes(frame: pd.DataFrame, names: list[str]) -> dict[str, Attribute]:
    found = {}
    for name in names:
        column = frame[name]
        if not column.isna().any() and column.nunique() <= len(frame) // 2:
            found[name] = coded(str(value) for value in column)
    return found


def _values(frame: pd.DataFrame, name: str, path: Path) -> np.ndarray[Any, Any]:
    column = frame[name]
    if column.isna().any():
        raise UserError(f"{path}: column {name} has no value in {int(column.isna().sum())} rows")
    if column.dtype.kind in "iub":
        return np.asarray(column.to_numpy())
    if column.dtype.kind == "f":
        raise UserError(f"{path}: column {name} holds real numbers, not texts or whole numbers")
    return np.array([str(value) for value in column])


def _read_csv(path: Path) -> pd.DataFrame:
    """Read cells as they are written: only an empty one is missing, and paths stay texts."""
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    paths = maybe(PATHS, frame.columns)
    return pd.DataFrame(
        {name: one if name == paths else _numbers(one) for name, one in frame.items()}
    )


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """The numbers that texts stand for, or the texts where that would merge any (01 and 1)."""
    import pandas as pd

    texts = column.dropna().str
    plain = texts.fullmatch(_PLAIN_WHOLE).all()
    if not plain and (texts.fullmatch(_WHOLE).all() or not texts.fullmatch(_REAL).all()):
        return column
    numbers = pd.to_numeric(column)
    return numbers if numbers.dtype.kind in "iuf" else column


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    except ImportError as error:
        raise UserError(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if not len(frame):
        raise UserError(f"{path}: has no rows")
    return frame.rename(columns=str)
