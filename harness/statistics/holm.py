"""Holm's step-down correction for many tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjusted p-values, in the order given: reject where they are at most the level.

    `p_values`: (m,). The i-th smallest is multiplied by m - i + 1 and never falls below the one
    before it (Holm 1979). Controls the probability of any false rejection whatever the
    dependence, so also for all pairs of methods, which share their members.
    """
    p = np.asarray(p_values, np.float64)
    if p.size and not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError("p-values lie between 0 and 1")
    order = np.argsort(p, kind="stable")
    steps = np.minimum(p[order] * np.arange(p.size, 0, -1), 1.0)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted
