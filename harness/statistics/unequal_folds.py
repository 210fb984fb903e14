"""Student's t where the folds of a replicate are not equally noisy."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NODES = 48


def t_p_values(t: npt.ArrayLike, shares: Floats, replicates: npt.ArrayLike) -> Floats:
    """P(|T| > |t|) of T = Z / sqrt(sum w X / (n - 1)), X independent chi-squares of n - 1 degrees.

    `t`: (p,), `replicates`: (p,), n of each, two or more; `shares`: (f,), w, what each fold
    contributes to the variance of the mean, together 1. With equal shares it is Student's of
    f (n - 1) degrees. Given the X, P(|Z| > x) is 2 / pi times the integral of
    exp(-x^2 / (2 sin^2 a)) over a from 0 to pi / 2 (Craig 1991); its mean over the X is a product
    of their moment generating functions. Satterthwaite's t has the right variance of the
    denominator but too many small values of it: at two replicates, one fold of four times the
    others' noise, his 95 % are 98.8.
    """
    from scipy.special import stdtr

    degrees = np.asarray(replicates, np.float64) - 1.0
    if np.ptp(shares) <= 0.0:
        return np.asarray(2.0 * stdtr(len(shares) * degrees, -np.abs(t)))
    sines, weights = _nodes()
    squares = np.square(np.asarray(t, np.float64))[..., None] / degrees[..., None] / sines
    logs = np.zeros_like(squares)
    for share in shares.tolist():
        logs += np.log1p(share * squares)
    return np.asarray((np.exp(-degrees[..., None] / 2.0 * logs) * weights).sum(axis=-1) / 2.0)


def t_quantile(shares: Floats, replicates: int, confidence: float = 0.95) -> float:
    """What |T| exceeds with probability 1 - `confidence`; see `t_p_values`."""
    from scipy.special import stdtrit

    outside = 1.0 - confidence
    # Of as many degrees as there are folds it is too small, of the one noisiest too large.
    low, high = (
        math.log(stdtrit(folds * (replicates - 1.0), 1.0 - outside / 2.0))
        for folds in (len(shares), 1)
    )
    if np.ptp(shares) <= 0.0:
        return math.exp(low)

    def above(log: float) -> float:
        return math.log(float(t_p_values(math.exp(log), shares, replicates)) / outside)

    # The secant on logarithms, of which the tail is nearly a line; halves where it leaves the ends.
    before, last, at_before, at_last = high, low, above(high), above(low)
    while abs(at_last) > 1e-9 and high - low > 1e-12:
        low, high = (last, high) if at_last > 0.0 else (low, last)
        steep = (at_last - at_before) / (last - before)
        guess = last - at_last / steep if steep else low
        guess = guess if low < guess < high else (low + high) / 2.0
        before, last, at_before, at_last = last, guess, at_last, above(guess)
    return math.exp(last)


@functools.cache
def _nodes() -> tuple[Floats, Floats]:
    """Gauss and Legendre's: sin^2 at nodes from 0 to pi / 2, and their weights, together 2."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return np.square(np.sin((nodes + 1.0) * np.pi / 4.0)), weights
