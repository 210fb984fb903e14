"""Where the relevant items stand, by sorting whole rows: the way when classes are large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Float32, Int64
from harness.scoring.standing import Standing, TieGroups
from harness.scoring.workers import Scratch

_VALUE = np.int32(-2)
_INFINITY = np.float32(np.inf).view(np.int32)


def standing_by_sorting(
    distances: Float32, spans: Int64, own: Int64 | None, scratch: Scratch
) -> Standing:
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
    marked = _marked(bits, scratch).reshape(rows, -1)
    ranks = marked - (np.arange(rows) * width - 1)[:, None]
    return Standing(ranks, _tie_groups(bits, marked, scratch))


def _mark(bits: npt.NDArray[np.int32], spans: Int64, own: Int64 | None) -> None:
    edges = (np.flatnonzero(np.diff(spans[:, 0])) + 1).tolist()
    for first, last in zip([0, *edges], [*edges, len(spans)], strict=True):
        start, stop = spans[first].tolist()
        bits[first:last, start:stop] |= 1
    if own is not None:
        bits[np.arange(len(own)), own] = _INFINITY


def _marked(bits: npt.NDArray[np.int32], scratch: Scratch) -> Int64:
    """Flat positions of the marks, ascending."""
    padding = bits.size // 8
    marks = scratch.array("marks", (bits.size + padding,), np.uint8)
    part = marks[: bits.size].reshape(bits.shape)
    np.copyto(part, bits, casting="unsafe")
    np.bitwise_and(part, 1, out=part)
    # Where a tenth or less is set, numpy looks for the next one instead of stepping without a
    # branch, which near a tenth is three times slower.
    marks[bits.size :] = 1
    count = np.count_nonzero(part.view(bool))
    dense = marks if count * 50 > bits.size else marks[: bits.size]
    return np.flatnonzero(dense.view(bool))[:count]


def _tie_groups(bits: npt.NDArray[np.int32], marked: Int64, scratch: Scratch) -> TieGroups:
    """Find runs of tied items that hold both relevant and other ones."""
    rows, width = bits.shape
    links = _links(bits, scratch)
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


def _links(bits: npt.NDArray[np.int32], scratch: Scratch) -> Int64:
    """Flat positions of items that are tied with the next in their row."""
    flat = bits.reshape(-1)
    step = scratch.array("step", (bits.size - 1,), np.uint32)
    np.bitwise_xor(flat[1:], flat[:-1], out=step.view(np.int32))
    same = scratch.array("same", bits.shape, np.bool_)
    np.less_equal(step, 1, out=same.reshape(-1)[:-1])
    same[:, -1] = False
    return np.flatnonzero(same)
