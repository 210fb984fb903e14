"""From embeddings to float32 rows whose matrix product orders neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.scoring.inputs import Distance, Floats

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

COLLAPSE_BELOW: dict[Distance, float] = {"cosine": 1e-3, "euclidean": 1e-6}
"""Spread under which float32 similarities are mostly rounding (`Scores.spread` says of what)."""

_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Points:
    """Rows ready for the product: float32 (N, D), and half their squared norms if Euclidean.

    `unit`: what length 1 here was in the input.
    """

    rows: Float32
    half_norms: Float32 | None
    unit: float = 1.0

    def take(self, order: Int64) -> Points:
        """Return the same points in another order."""
        halves = None if self.half_norms is None else self.half_norms[order]
        return Points(self.rows[order], halves, self.unit)

    def __len__(self) -> int:
        return len(self.rows)


def place(embeddings: Floats, distance: Distance, *others: Floats) -> tuple[Points, ...]:
    """Bring each array into one space where the distance is a matrix product away.

    Cosine: rows are scaled to length 1 in float64 and rounded to float32; a row of zeros stays
    zero and has similarity 0 to everything. Euclidean: one shift and one scale, both exact in
    binary (a multiple of a power of two, and a power of two), so that far-off or huge data keep
    their digits and equal distances stay equal; distance order is then that of
    |y|^2 / 2 - x.y.
    """
    arrays = (embeddings, *others)
    if distance == "cosine":
        return tuple(Points(_unit(array), None) for array in arrays)
    shift, exponent = _frame(arrays)
    return tuple(_euclidean(array, shift, exponent) for array in arrays)


def spread(points: Points) -> float:
    """RMS distance of the rows from their mean, as a part of their RMS length; 0 if all are 0.

    Lies in [0, 1]. For unit rows it is sqrt(1 - |mean|^2).
    """
    total, squares = np.zeros(points.rows.shape[1]), 0.0
    for _, chunk in _chunks(points.rows):
        total += chunk.sum(axis=0)
        squares += float(np.einsum("nd,nd->", chunk, chunk))
    if squares == 0:
        return 0.0
    mean = total / len(points)
    off = sum(float(np.square(chunk - mean).sum()) for _, chunk in _chunks(points.rows))
    return float(np.sqrt(off / squares))


def _chunks(array: Floats) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
    """A few thousand rows at a time in float64: precise, without a copy of everything."""
    for start in range(0, len(array), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield part, array[part].astype(np.float64)


def _unit(array: Floats) -> Float32:
    rows = np.empty(array.shape, dtype=np.float32)
    for part, chunk in _chunks(array):
        # A power of two keeps squares of float64's largest and smallest values in range.
        near_one = np.ldexp(chunk, -np.frexp(np.abs(chunk).max(axis=1, keepdims=True))[1])
        length = np.sqrt(np.einsum("nd,nd->n", near_one, near_one))[:, None]
        rows[part] = np.divide(near_one, length, out=near_one, where=length > 0)
    return rows


def _frame(arrays: tuple[Floats, ...]) -> tuple[npt.NDArray[np.float64], int]:
    """A shift per dimension and one exponent that bring all arrays near 0 and within [-2, 2]."""
    low = np.min([array.min(axis=0) for array in arrays], axis=0).astype(np.float64)
    high = np.max([array.max(axis=0) for array in arrays], axis=0).astype(np.float64)
    reach = float((high / 2 - low / 2).max())
    grid = np.ldexp(1.0, int(np.frexp(reach)[1])) if reach > 0 else 0.0
    middle = high / 2 + low / 2
    shift = np.rint(middle / grid) * grid if grid > 0 else middle
    largest = float(np.maximum(np.abs(high - shift), np.abs(low - shift)).max())
    return shift, int(np.frexp(largest)[1])


def _euclidean(array: Floats, shift: npt.NDArray[np.float64], exponent: int) -> Points:
    rows = np.empty(array.shape, dtype=np.float32)
    halves = np.empty(len(array), dtype=np.float32)
    for part, chunk in _chunks(array):
        rows[part] = np.ldexp(chunk - shift, -exponent)
        exact = rows[part].astype(np.float64)
        halves[part] = np.einsum("nd,nd->n", exact, exact) / 2
    return Points(rows, halves, float(np.ldexp(1.0, exponent)))
