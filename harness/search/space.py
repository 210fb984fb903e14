"""From a method's ranges to optuna's distributions."""

from __future__ import annotations

from collections.abc import Mapping

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from harness.method.space import Choice, Int, Range


def distributions(space: Mapping[str, Range]) -> dict[str, BaseDistribution]:
    """The same ranges, scales and options, in the order of the space."""
    return {name: _distribution(bounds) for name, bounds in space.items()}


def _distribution(bounds: Range) -> BaseDistribution:
    if isinstance(bounds, Choice):
        return CategoricalDistribution(bounds.options)
    if isinstance(bounds, Int):
        return IntDistribution(bounds.low, bounds.high, log=bounds.log)
    return FloatDistribution(bounds.low, bounds.high, log=bounds.log)
