"""The variance of a mean over crossed random factors: each method's seeds, folds and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossedVariance:
    """The variance of the mean of each of m tables, by factors.

    `counted`: (m,), the sum of what each factor contributes by itself, which counts what several
    contribute together more than once. `total`: (m,), without the double count. `degrees`: (m,),
    Satterthwaite's degrees of freedom.
    """

    counted: Floats
    total: Floats
    degrees: Floats


def crossed_variance(values: Floats, factors: Sequence[int]) -> CrossedVariance:
    """Variance of the mean of `values` over the given axes, by inclusion and exclusion.

    `values`: (m, ...); `factors`: axes of at least two members whose members are a sample; other
    axes are fixed. Let Q(T) be the sum of squares of the interaction of the factors T over the
    product of their n (n - 1); the total is the sum of -(-1)^|T| Q(T), unbiased under random
    effects (Cameron, Gelbach and Miller 2011), but at least the largest Q of one factor.
    """
    if not factors:
        zero = np.zeros(len(values))
        return CrossedVariance(counted=zero, total=zero, degrees=np.ones(len(values)))
    single = {axis: _interaction(values, (axis,)) for axis in factors}
    counted: Floats = np.sum(list(single.values()), axis=0)
    total = counted.copy()
    for size in range(2, len(factors) + 1):
        for axes in combinations(factors, size):
            total -= (-1.0) ** size * _interaction(values, axes)
    total = np.maximum(total, np.max(list(single.values()), axis=0))
    squares = np.sum([part**2 / (values.shape[axis] - 1) for axis, part in single.items()], axis=0)
    fewest = np.full(len(values), float(min(values.shape[axis] for axis in factors) - 1))
    degrees = np.divide(counted**2, squares, out=fewest, where=squares > 0)
    return CrossedVariance(counted=counted, total=total, degrees=degrees)


def _interaction(values: Floats, axes: Sequence[int]) -> Floats:
    """Q(T): squared deviations of the means over all other axes, centred along each of `axes`."""
    others = tuple(axis for axis in range(1, values.ndim) if axis not in axes)
    means = values.mean(axis=others, keepdims=True)
    divisor = 1
    for axis in axes:
        means = means - means.mean(axis=axis, keepdims=True)
        divisor *= means.shape[axis] * (means.shape[axis] - 1)
    squares: Floats = np.square(means).reshape(len(values), -1).sum(axis=1) / divisor
    return squares
