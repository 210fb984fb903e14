"""One order for the same set of rows, however they came in: no score depends on the row order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Float32, Int64

_CHUNK = 4096


def canonical_order(rows: Float32) -> Int64:
    """Order rows by a 64-bit hash of their bytes, equal rows side by side; input order is lost.

    Two different rows of one hash are put in order by their values. Only equal rows keep the
    order they came in, and swapping those changes nothing.
    """
    hashes = _hashes(rows)
    order = np.argsort(hashes, kind="stable")
    clash = hashes[order[1:]] == hashes[order[:-1]]
    differ = clash & (rows[order[1:]] != rows[order[:-1]]).any(axis=1) if clash.any() else clash
    if differ.any():
        keys = (*rows.T[::-1], hashes)
        order = np.lexsort(keys)
    return order


def _hashes(rows: Float32) -> npt.NDArray[np.uint64]:
    weights = np.random.default_rng(0).integers(0, 2**63, rows.shape[1], dtype=np.uint64) * 2 + 1
    hashes = np.empty(len(rows), dtype=np.uint64)
    for start in range(0, len(rows), _CHUNK):
        # Adding 0 turns -0 into +0: equal values, equal bytes.
        bits = (rows[start : start + _CHUNK] + np.float32(0)).view(np.uint32).astype(np.uint64)
        mixed = (bits ^ (bits << np.uint64(29))) * weights
        hashes[start : start + _CHUNK] = (mixed ^ (mixed >> np.uint64(32))).sum(
            axis=1, dtype=np.uint64
        )
    return hashes


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A canonical order with each class in one piece.

    `order`: int64 (N,), positions in the input. `starts`: int64 (C + 1,), where each class
    begins in that order, classes numbered as they lie there. `classes`: int64 (N,), that number
    for each arranged row. `codes`: int64 (C,), the label code of each numbered class.
    """

    order: Int64
    starts: Int64
    classes: Int64
    codes: Int64


def arrange(rows: Float32, labels: Int64) -> Arrangement:
    """Arrange rows class by class: small classes first, then as the rows' hashes have it.

    Names of classes play no part, so that renaming them changes no sum's order.
    """
    order = canonical_order(rows)
    codes, first, inverse, sizes = np.unique(
        labels[order], return_index=True, return_inverse=True, return_counts=True
    )
    by_size = np.lexsort((first, sizes))
    place = np.empty(len(codes), dtype=np.int64)
    place[by_size] = np.arange(len(codes))
    number = place[inverse]
    within = np.argsort(number, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes[by_size])))
    return Arrangement(order[within], starts, number[within], codes[by_size])
