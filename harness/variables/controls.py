"""Values dealt out anew: what a measure comes to where there is nothing to measure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.data import numpy_stream

Int64 = npt.NDArray[np.int64]


def over_classes(labels: Int64, draw: np.random.Generator) -> Int64:
    """An order in which whole classes change places: int64 (N,).

    Each class gets the values of another, or the next of a row of them where sizes differ, so that
    samples of one class stay as alike as they were: dealt out one by one they would be
    more independent than any real variable, and everything would seem to be carried.
    """
    given = np.argsort(labels, kind="stable")
    classes = draw.permutation(np.unique(labels))
    taken = np.concatenate([draw.permutation(np.flatnonzero(labels == one)) for one in classes])
    order = np.empty(len(labels), dtype=np.int64)
    order[given] = taken
    return order


def within_classes(labels: Int64, draw: np.random.Generator) -> Int64:
    """An order in which samples of each class change places: int64 (N,)."""
    order = np.arange(len(labels))
    for one in np.unique(labels):
        own = np.flatnonzero(labels == one)
        order[own] = draw.permutation(own)
    return order


def dealt(labels: Int64, how: str, *, seed: int, number: int) -> Int64:
    """The order of one control; the same for every embedding of the same samples."""
    draw = numpy_stream(seed, "dealt out", how, number)
    return (over_classes if how == "over classes" else within_classes)(labels, draw)
