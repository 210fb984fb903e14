"""The sign-flip permutation test: exact over all 2^n sign patterns of the paired differences."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

EXACT_UP_TO = 20  # 2^20 sums take 8 MB and a few milliseconds
_SLACK = 1e-12  # sums that agree to this share of their size are one sum, added in another order


def sign_flip_test(
    differences: npt.ArrayLike, *, draws: int = 100_000, seed: int = 0
) -> float | None:
    """Two-sided p-value that the differences are symmetric about zero; None for no difference.

    `differences`: (n,), finite, one a replicate. Up to 20 of them all 2^n sign patterns are
    counted (Fisher 1935), so that p is exact and at least 2^(1 - n): with three replicates no
    result can be below 0.25. For more, `draws` seeded patterns and the observed one are counted
    (Phipson and Smyth 2010), which keeps the level. scipy.stats.permutation_test gives the same
    numbers by one Python call a batch of patterns and is what the tests compare with.
    """
    d = np.asarray(differences, np.float64)
    if not np.isfinite(d).all():
        raise ValueError("a sign-flip test needs finite differences")
    if d.size == 0:
        return None
    observed = abs(d.sum()) - _SLACK * np.abs(d).sum()
    if d.size <= EXACT_UP_TO:
        return float(np.mean(np.abs(_all_sums(d)) >= observed))
    signs = np.random.default_rng(seed)
    reached = sum(
        int(np.count_nonzero(np.abs(_random_sums(d, rows, signs)) >= observed))
        for rows in _batches(draws)
    )
    return (reached + 1) / (draws + 1)


def _all_sums(d: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sums of half of the sign patterns; the other half are their negatives."""
    sums = d[:1].copy()
    for value in d[1:]:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _random_sums(
    d: npt.NDArray[np.float64], rows: int, draw: np.random.Generator
) -> npt.NDArray[np.float64]:
    signs = draw.integers(0, 2, (rows, d.size), dtype=np.int8)
    sums: npt.NDArray[np.float64] = (2.0 * signs - 1.0) @ d
    return sums


def _batches(draws: int, size: int = 10_000) -> list[int]:
    return [min(size, draws - start) for start in range(0, draws, size)]
