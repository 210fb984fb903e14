"""`Source`: a file of named columns or arrays, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Kind = Literal["whole", "real", "text", "vectors", "images", "encoded", "other"]
"""What a column holds: whole or real numbers, texts, a vector a row, pixels, image files."""


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """One value a row. `values` are of any dtype but object; `missing`: bool, where there is none.

    `typed`: whether the format says that texts are texts, as CSV cannot.
    """

    values: Array
    missing: npt.NDArray[np.bool_]
    typed: bool = True


class Source(Protocol):
    """Named columns of equally many rows, or named arrays. `notes`: how it was read, if oddly."""

    where: Path
    names: Sequence[str]
    notes: list[str]
    table: bool
    row_names: frozenset[str]

    def kind(self, name: str) -> Kind:
        """What a column holds."""
        ...

    def column(self, name: str) -> ReadColumn:
        """One value a row."""
        ...

    def matrix(self, names: Sequence[str]) -> Array:
        """Columns of numbers side by side: (N, columns)."""
        ...

    def array(self, name: str) -> Array:
        """A column of vectors, (N, D), or an array as it is."""
        ...
