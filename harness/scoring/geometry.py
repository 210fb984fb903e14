"""From embeddings to float32 rows whose matrix product orders neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.scoring.inputs import Distance, Floats

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

COLLAPSE_BELOW: dict[Distance, float] = {"cosine": 1e-3, "euclidean": 1e-6}
"""Spread under which float32 similarities are mostly rounding (`Scores.spread` says of what)."""

_CHUNK = 4096
_LARGEST = 2.0**40
_FARTHEST = 2.0**400
_SMALLEST = 1e-250
_GRID = 8
_EXACT_BELOW = 2.0**20


@dataclass(frozen=True, eq=False)
class Points:
    """Rows ready for the product: float32 (N, D), and half their squared norms if Euclidean.

    `unit`: what length 1 here was in the input. `doubt`: how many units in float32's last place,
    of |x|^2 and of the squared distance, a squared distance from x may be off; 0 where products
    are exact. `given`, `index`: the input and which of its rows these are, kept if Euclidean.
    """

    rows: Float32
    half_norms: Float32 | None
    unit: float = 1.0
    doubt: float = 0.0
    given: Floats | None = None
    index: Int64 | None = None

    def take(self, order: Int64) -> Points:
        """Return the same points in another order."""
        halves = None if self.half_norms is None else self.half_norms[order]
        index = order if self.index is None else self.index[order]
        return Points(self.rows[order], halves, self.unit, self.doubt, self.given, index)

    def doubts(self, *, strict: bool) -> tuple[float, Float32] | None:
        """Which values |y|^2 / 2 - x.y cannot be told apart: by a share of the larger and a base.

        The base is of each x, float32 (N,). None where the values are as good as they get. Two
        values may each be off by `doubt` units of |x|^2 and the squared distance; unless `strict`,
        they are told apart where that is no more than so much of the squared distance itself.
        """
        if self.half_norms is None or self.doubt == 0:
            return None
        if not np.isfinite(self.doubt):
            return 0.0, np.full(len(self), np.finfo(np.float32).max)
        share = self.doubt * float(np.finfo(np.float32).eps)
        if strict:
            # Never 0: squares below float32's range are all one value to it.
            least = np.finfo(np.float32).tiny
            return share, np.maximum(2 * np.float32(share) * self.half_norms, least)
        return -share, np.zeros(len(self), dtype=np.float32)

    def exactly(self, which: Int64) -> npt.NDArray[np.float64]:
        """Some rows in float64: those of the input, brought to a length near 1 by a power of two.

        Without an input, the rows as they are.
        """
        if self.given is None:
            return self.rows[which].astype(np.float64)
        exponent = int(np.frexp(self.unit)[1]) - 1
        with np.errstate(over="ignore"):
            return np.asarray(np.ldexp(self.given[self._at(which)].astype(np.float64), -exponent))

    def widely(self, which: int) -> npt.NDArray[np.longdouble]:
        """One row as `exactly`, in longdouble: it holds the squares of all that float64 holds."""
        row = self.rows[which] if self.given is None else self.given[self._at(which)]
        exponent = 0 if self.given is None else int(np.frexp(self.unit)[1]) - 1
        return np.asarray(np.ldexp(row.astype(np.longdouble), -exponent))

    def differs(self, which: Int64, other: Points, column: Int64) -> npt.NDArray[np.bool_]:
        """Whether some rows as given are others than those of `other`: bool, as long as both."""
        if self.given is None or other.given is None:
            return np.asarray((self.rows[which] != other.rows[column]).any(axis=1))
        mine, theirs = self.given[self._at(which)], other.given[other._at(column)]
        return np.asarray((mine != theirs).any(axis=1))

    def _at(self, which: Any) -> Any:
        return which if self.index is None else self.index[which]

    def __len__(self) -> int:
        return len(self.rows)


def place(embeddings: Floats, distance: Distance, *others: Floats) -> tuple[Points, ...]:
    """Bring each array into one space where the distance is a matrix product away.

    Cosine: rows are scaled to length 1 in float64 and rounded to float32; a row of zeros stays
    zero and has similarity 0 to everything. Euclidean: one shift to where most points are and one
    scale, both exact in binary; distance order is then that of |y|^2 / 2 - x.y, but for what
    float32 rounds, which `Points.doubt` bounds and `retrieval` settles in float64.
    """
    arrays = (embeddings, *others)
    if distance == "cosine":
        return tuple(Points(_unit(array), None) for array in arrays)
    shift, exponent = _frame(arrays)
    placed = [_euclidean(array, shift, exponent) for array in arrays]
    doubt = max(points.doubt for points in placed)
    return tuple(replace(points, doubt=doubt) for points in placed)


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
    """A shift per dimension and one exponent that bring most points near 0, at a length near 1.

    The middle is the mean of the points no farther from the mean of all than twice their median:
    a few far points do not move it.
    """
    with np.errstate(over="ignore"):
        mean = _mean([_sums(array) for array in arrays])
    far = np.concatenate([_squares(array, mean) for array in arrays])
    if not np.isfinite(far).all() or far.max() < _SMALLEST:
        return _wide_frame(np.concatenate([array.astype(np.float64) for array in arrays]))
    limit = 4 * float(np.median(far))
    middle = _mean([_sums(array, _squares(array, mean) <= limit) for array in arrays])
    off = np.concatenate([_squares(array, middle) for array in arrays])
    usual = float(np.sqrt(np.median(off))) or float(np.sqrt(off.max()))
    # On a grid of powers of two, so that whole coordinates stay such.
    grid = np.ldexp(1.0, int(np.frexp(usual)[1])) if usual > 0 else 0.0
    shift = np.rint(middle / grid) * grid if grid > 0 else middle
    return shift, int(np.frexp(usual)[1])


def _wide_frame(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], int]:
    """A frame without a square or a sum, for values whose squares float64 does not hold."""
    middle = np.median(points / 2, axis=0) * 2
    off = np.abs(points / 2 - middle / 2).max(axis=1)
    usual = float(np.median(off)) or float(off.max())
    return middle, int(np.frexp(usual)[1]) + 1


def _mean(sums: list[tuple[npt.NDArray[np.float64], int]]) -> npt.NDArray[np.float64]:
    totals, counts = zip(*sums, strict=True)
    return np.asarray(np.sum(totals, axis=0) / sum(counts))


def _sums(
    array: Floats, which: npt.NDArray[np.bool_] | None = None
) -> tuple[npt.NDArray[np.float64], int]:
    total, count = np.zeros(array.shape[1]), 0
    for part, chunk in _chunks(array):
        kept = chunk if which is None else chunk[which[part]]
        total += kept.sum(axis=0)
        count += len(kept)
    return total, count


def _squares(array: Floats, middle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found = np.empty(len(array))
    with np.errstate(over="ignore", invalid="ignore"):
        for part, chunk in _chunks(array):
            off = chunk - middle
            found[part] = np.einsum("nd,nd->n", off, off)
    return found


def _euclidean(array: Floats, shift: npt.NDArray[np.float64], exponent: int) -> Points:
    rows = np.empty(array.shape, dtype=np.float32)
    halves = np.empty(len(array), dtype=np.float32)
    whole, inside = True, True
    for part, chunk in _chunks(array):
        with np.errstate(over="ignore"):
            moved = np.ldexp(chunk - shift, -exponent)
        np.clip(moved, -_FARTHEST, _FARTHEST, out=moved)
        whole = whole and _on_grid(moved) and bool((chunk - shift + shift == chunk).all())
        if np.abs(moved).max() > _LARGEST:
            inside = False
            np.clip(moved, -_LARGEST, _LARGEST, out=moved)
        rows[part] = moved
        exact = rows[part].astype(np.float64)
        halves[part] = np.einsum("nd,nd->n", exact, exact) / 2
    doubt = 0.0 if whole else _doubt(array.shape[1])
    unit = float(np.ldexp(1.0, exponent))
    return Points(rows, halves, unit, doubt if inside else float("inf"), array)


def _on_grid(moved: npt.NDArray[np.float64]) -> bool:
    """Whether coordinates are so few binary digits that float32 rounds none of their products."""
    for part in (moved[:16], moved):  # most data show it soon
        steps = np.ldexp(part, _GRID)
        if (steps != np.rint(steps)).any():
            return False
    return bool(np.einsum("nd,nd->n", steps, steps).max() < _EXACT_BELOW)


def _doubt(dimensions: int) -> float:
    """Units in the last place by which a squared distance may be off.

    Rounding the rows, the norm, the difference and the mark of the sort cost at most 8, the sum of
    D products that were rounded one after the other a random walk (measured: 28 at 128).
    """
    return 8.0 + 2.5 * float(np.sqrt(dimensions))


def canonical_order(rows: Float32) -> tuple[Int64, Int64]:
    """Order rows by a 64-bit hash of their bytes, whatever order they came in.

    Two different rows of one hash are put in order by their values. Only equal rows keep the
    order they came in, and swapping those changes nothing. Returns int64 (N,) twice: the order,
    and along it the number of the set of equal rows that each belongs to.
    """
    hashes = _hashes(rows)
    order = np.argsort(hashes, kind="stable")
    clash = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    differs = (rows[order[clash + 1]] != rows[order[clash]]).any(axis=1)
    if differs.any():
        order = np.lexsort((*rows.T[::-1], hashes))
        return order, _numbered((rows[order[1:]] != rows[order[:-1]]).any(axis=1))
    fresh = np.ones(len(rows) - 1, dtype=bool)
    fresh[clash] = False
    return order, _numbered(fresh)


def _numbered(fresh: npt.NDArray[np.bool_]) -> Int64:
    return np.concatenate(([0], np.cumsum(fresh, dtype=np.int64)))


def _hashes(rows: Float32) -> npt.NDArray[np.uint64]:
    weights = np.random.default_rng(0).integers(0, 2**63, rows.shape[1], dtype=np.uint64) * 2 + 1
    hashes = np.empty(len(rows), dtype=np.uint64)
    for start in range(0, len(rows), _CHUNK):
        # Adding 0 turns -0 into +0: equal values, equal bytes.
        bits = (rows[start : start + _CHUNK] + np.float32(0)).view(np.uint32).astype(np.uint64)
        mixed = (bits ^ (bits << np.uint64(29))) * weights
        mixed ^= mixed >> np.uint64(32)
        hashes[start : start + _CHUNK] = mixed.sum(axis=1, dtype=np.uint64)
    return hashes


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A canonical order with each class in one piece; all arrays int64.

    `order`: (N,), positions in the input. `starts`: (C + 1,), where each class begins in that
    order, classes numbered as they lie there. `classes`: (N,), that number for each arranged row.
    `codes`: (C,), the label code of each numbered class. `copies`: (K, 2), arranged rows that
    equal an earlier one, and that first one.
    """

    order: Int64
    starts: Int64
    classes: Int64
    codes: Int64
    copies: Int64

    @property
    def shared(self) -> npt.NDArray[np.bool_]:
        """Which classes hold a row that another class holds too: bool (C,)."""
        copy, original = self.classes[self.copies].T
        across = copy != original
        shared = np.zeros(len(self.codes), dtype=bool)
        shared[copy[across]] = shared[original[across]] = True
        return shared


def arrange(rows: Float32, labels: Int64) -> Arrangement:
    """Arrange rows class by class: small classes first, then as the rows' hashes have it.

    Names of classes play no part, so that renaming them changes no sum's order.
    """
    order, equal = canonical_order(rows)
    codes, first, inverse, sizes = np.unique(
        labels[order], return_index=True, return_inverse=True, return_counts=True
    )
    by_size = np.lexsort((first, sizes))
    place = np.empty(len(codes), dtype=np.int64)
    place[by_size] = np.arange(len(codes))
    number = place[inverse]
    within = np.argsort(number, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes[by_size])))
    copies = _copies(equal[within])
    return Arrangement(order[within], starts, number[within], codes[by_size], copies)


def _copies(equal: Int64) -> Int64:
    _, first, inverse = np.unique(equal, return_index=True, return_inverse=True)
    original = first[inverse]
    copy = np.flatnonzero(original != np.arange(len(equal)))
    return np.stack((copy, original[copy]), axis=1)
