"""Ranks of methods with their uncertainty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ranks = npt.NDArray[np.int64]


def rank_intervals(better: npt.ArrayLike) -> tuple[Ranks, Ranks]:
    """Lowest and highest rank that each method may truly have, 1 the best: two int64 (m,).

    `better`: bool (m, m), whether the row's method was found better than the column's, by tests
    that make any false claim with at most 5 % probability. All the intervals then hold together
    with 95 %: whoever was found better stands above, whoever was found worse below, and nothing
    else is known (Al Mohamad, van Zwet, Goeman, Solari 2022, with Holm in place of Tukey).
    """
    found = np.asarray(better, bool)
    return 1 + found.sum(axis=0), len(found) - found.sum(axis=1)


def shares_of_best(draws: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """In which share of common draws each method is the best: float64 (m,), together 1.

    `draws`: (b, m), one row a draw, higher is better. Methods that tie for the best share the draw.
    These are shares of draws, to be shown; only `rank_intervals` holds an error rate.
    """
    values = np.asarray(draws, np.float64)
    best = values == values.max(axis=1, keepdims=True)
    shares: npt.NDArray[np.float64] = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares
