"""Where the relevant items stand, by sorting whole rows: the way when classes are large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Float32, Int64
from harness.scoring.standing import Standing, TieGroups

_VALUE = np.int32(-2)
_INFINITY = np.float32(np.inf).view(np.int32)


def standing_by_sorting(distances: Float32, spans: Int64, own: Int64 | None) -> Standing:
    """Find every relevant item's place in each row; `distances` is used up.

    `distances`: float32 (Q, N), C-contiguous, finite, smaller is nearer. `spans`: int64 (Q, 2),
    the columns [start, stop) of each row that are relevant. `own`: int64 (Q,), the column of the
    query itself, which is taken out, or None. Each row is left with the same number of relevant
    items, at least 1.

    The last bit of each distance is given up: it carries the mark of a relevant item through
    the sort. Distances that agree in all other bits are tied.
    """
    bits = distances.view(np.int32)
    np.bitwise_and(bits, _VALUE, out=bits)
    distances += np.float32(0)  # 0 and -0 are one value and must be one pattern
    _mark(bits, spans, own)
    distances.sort(axis=1)
    rows, width = bits.shape
    marked = np.flatnonzero(np.bitwise_and(bits, 1).astype(bool)).reshape(rows, -1)
    ranks = marked - (np.arange(rows) * width - 1)[:, None]
    return Standing(ranks, _tie_groups(bits, marked))


def _mark(bits: npt.NDArray[np.int32], spans: Int64, own: Int64 | None) -> None:
    edges = (np.flatnonzero(np.diff(spans[:, 0])) + 1).tolist()
    for first, last in zip([0, *edges], [*edges, len(spans)], strict=True):
        start, stop = spans[first].tolist()
        bits[first:last, start:stop] |= 1
    if own is not None:
        bits[np.arange(len(own)), own] = _INFINITY


def _tie_groups(bits: npt.NDArray[np.int32], marked: Int64) -> TieGroups:
    """Find runs of tied items that hold both relevant and other ones."""
    rows, width = bits.shape
    same = np.zeros(bits.shape, dtype=bool)
    step = np.bitwise_xor(bits[:, 1:], bits[:, :-1])
    np.less_equal(step.view(np.uint32), 1, out=same[:, :-1])
    links = np.flatnonzero(same)
    if len(links) == 0:
        return TieGroups.none()
    breaks = np.flatnonzero(np.diff(links) != 1) + 1
    first = links[np.concatenate(([0], breaks))]
    last = links[np.concatenate((breaks - 1, [len(links) - 1]))] + 1
    flat = marked.ravel()
    before = np.searchsorted(flat, first)
    alike = np.searchsorted(flat, last, side="right") - before
    tied = last - first + 1
    mixed = (alike > 0) & (alike < tied)
    row = first[mixed] // width
    return TieGroups(
        row=row,
        better=before[mixed] - row * (len(flat) // rows),
        above=first[mixed] - row * width,
        tied=tied[mixed],
        alike=alike[mixed],
    )
