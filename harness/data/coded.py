"""Attributes as codes: what is unknown apart, and numbers where values have an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute

UNKNOWN = "unknown"
"""The name of a value that says nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """An attribute without its unknown value.

    `codes`: int64 (N,), in [0, len(names)), -1 where unknown. `numbers`: float64 (len(names),),
    the values if they are all numbers, else None.
    """

    codes: npt.NDArray[np.int64]
    names: tuple[str, ...]
    numbers: npt.NDArray[np.float64] | None

    def positions(self) -> npt.NDArray[np.float64]:
        """Where each value stands if they are in order: the numbers, or as the dataset lists."""
        if self.numbers is not None:
            return self.numbers
        return np.arange(len(self.names), dtype=np.float64)


def coded(attribute: Attribute) -> Coded:
    """The attribute's values but for `unknown`, in their order."""
    known = [place for place, value in enumerate(attribute.names) if value != UNKNOWN]
    codes = np.full(len(attribute.names), -1, dtype=np.int64)
    codes[known] = np.arange(len(known))
    names = tuple(attribute.names[place] for place in known)
    return Coded(codes=codes[attribute.values], names=names, numbers=_numbers(names))


def _numbers(names: Sequence[str]) -> npt.NDArray[np.float64] | None:
    try:
        values = np.array([float(name) for name in names])
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
