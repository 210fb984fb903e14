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


def bootstrap_ranks(
    draws: npt.ArrayLike, *, higher_is_better: bool = True
) -> npt.NDArray[np.float64]:
    """How often each method takes each rank over common draws: float64 (m, m), method by rank.

    `draws`: (b, m), one row a draw, as `hierarchical_bootstrap` gives them. Of two methods tied
    in a draw the earlier takes the better rank. These are shares of draws, to be shown; only
    `rank_intervals` holds an error rate.
    """
    values = np.asarray(draws, np.float64)
    order = np.argsort(-values if higher_is_better else values, axis=1, kind="stable")
    count = values.shape[1]
    cells = order * count + np.arange(count)
    shares: npt.NDArray[np.float64] = np.bincount(cells.ravel(), minlength=count * count) / len(
        values
    )
    return shares.reshape(count, count)
