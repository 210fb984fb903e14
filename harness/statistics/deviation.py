"""The standard deviation, correctly rounded and quick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

_BITS = 109  # twice a float's 53 and three more, so that rounding again changes nothing


def standard_deviation(values: Sequence[float], mean: float) -> float:
    """Of at least two finite values about their mean, ddof 1.

    The bits of `statistics.stdev(values, mean)` in a third of its time: the sum of squares is
    exact, as what rounding leaves of it is added until nothing is left.
    """
    squares = [(difference := value - mean) * difference for value in values]
    total = Fraction(0)
    while part := math.fsum(squares):
        total += Fraction(part)
        squares.append(-part)
    return _square_root(total / (len(values) - 1))


def _square_root(of: Fraction) -> float:
    """The nearest float, by way of an integer square root that is rounded to odd."""
    numerator, denominator = of.numerator, of.denominator
    shift = (numerator.bit_length() - denominator.bit_length() - _BITS) // 2
    if shift >= 0:
        denominator <<= 2 * shift
    else:
        numerator <<= -2 * shift
    root = math.isqrt(numerator // denominator)
    root |= root * root * denominator != numerator
    return float(root << shift) if shift >= 0 else root / (1 << -shift)
