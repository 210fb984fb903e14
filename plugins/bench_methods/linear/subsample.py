"""Which samples, pairs and chunklets of a training part a fit sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.integer[Any]]


def whole_classes(labels: Labels, *, most: int, seed: int) -> npt.NDArray[np.intp]:
    """Positions of every sample of classes drawn at random, ascending: at most `most` of them.

    Classes of a single sample are left out: they have no pair. The first class drawn is there
    whatever its size.
    """
    names, sizes = np.unique(labels, return_counts=True)
    names, sizes = names[sizes > 1], sizes[sizes > 1]
    order = np.random.default_rng(seed).permutation(len(names))
    taken = np.cumsum(sizes[order]) <= most
    taken[:1] = True
    return np.flatnonzero(np.isin(labels, names[order[taken]]))


def chunklets(labels: Labels, *, size: int, seed: int) -> npt.NDArray[np.intp]:
    """Divide each class at random into chunklets of `size` samples; smaller classes are one.

    The number of its chunklet for each sample, (N,), -1 for those left over and those alone.
    """
    draw = np.random.default_rng(seed)
    numbers = np.full(len(labels), -1, dtype=np.intp)
    count = 0
    for name in np.unique(labels):
        members = draw.permutation(np.flatnonzero(labels == name))
        each = min(size, len(members))
        if each < 2:
            continue
        whole = len(members) // each
        numbers[members[: whole * each]] = count + np.arange(whole * each) // each
        count += whole
    return numbers


def pairs_within(labels: Labels, *, most: int) -> int:
    """How many pairs of one class to draw at random: half of those there are, at most `most`.

    To draw nearly all of them without repetition takes long.
    """
    _, sizes = np.unique(labels, return_counts=True)
    return min(most, int((sizes * (sizes - 1)).sum()) // 4)
