"""Tie groups: a compact letter display of which methods cannot be told apart."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_ALPHABET = string.ascii_lowercase + string.ascii_uppercase


def tie_letters(apart: npt.ArrayLike) -> list[str]:
    """Letters such that two methods share one if and only if they cannot be told apart.

    `apart`: bool (m, m), symmetric, False on the diagonal; methods in the order of their rank.
    Returns one string a method, never empty; "a" belongs to the best. A method between two that
    are told apart may carry both their letters: "cannot be told apart" is not transitive
    (Piepho 2004). Each letter is a clique of the pairs that are not told apart; the cliques are
    grown in rank order until they cover all such pairs, which takes few letters though not always
    the fewest. After 52 letters come a1, b1 and so on.
    """
    tied = ~np.asarray(apart, bool)
    if tied.ndim != 2 or tied.shape[0] != tied.shape[1] or (tied != tied.T).any():
        raise ValueError("`apart` must be a symmetric square")
    if not tied.diagonal().all():
        raise ValueError("a method cannot be told apart from itself")
    groups = _without_needless(_cover(tied), len(tied))
    groups.sort()
    return [
        "".join(_letter(g) for g, group in enumerate(groups) if m in group)
        for m in range(len(tied))
    ]


def _cover(tied: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Cliques in rank order that together hold every tied pair and every method."""
    covered = np.zeros_like(tied)
    groups: list[list[int]] = []
    for method in range(len(tied)):
        for other in range(method, len(tied)):
            if tied[method, other] and not covered[method, other]:
                group = _grown(tied, [method, other])
                covered[np.ix_(group, group)] = True
                groups.append(group)
    return groups


def _grown(tied: npt.NDArray[np.bool_], pair: Sequence[int]) -> list[int]:
    group = set(pair)
    free = np.logical_and.reduce(tied[list(group)])
    for method in np.flatnonzero(free).tolist():
        if free[method]:
            group.add(method)
            free &= tied[method]
    return sorted(group)


def _without_needless(groups: list[list[int]], methods: int) -> list[list[int]]:
    """Drop each clique whose pairs all lie in others, the latest first."""
    times = np.zeros((methods, methods), np.int64)
    for group in groups:
        times[np.ix_(group, group)] += 1
    kept = []
    for group in reversed(groups):
        place = np.ix_(group, group)
        if (times[place] > 1).all():
            times[place] -= 1
        else:
            kept.append(group)
    return kept


def _letter(place: int) -> str:
    lap, letter = divmod(place, len(_ALPHABET))
    return _ALPHABET[letter] + (str(lap) if lap else "")
