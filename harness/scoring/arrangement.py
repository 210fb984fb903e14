"""One order for the same set of rows, however they came in: no score depends on the row order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Float32, Int64

_CHUNK = 4096


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
