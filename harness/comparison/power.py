"""How many replicates a pair of methods needs, from the noise it has shown."""

from __future__ import annotations

from dataclasses import dataclass

from harness.statistics import detectable_difference, noise_interval, replicates_to_see

LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Power:
    """The replicates at which a true `difference` is found with probability `power`.

    `alone`: tested by itself at 5 %; `corrected`: at 5 % over `family` pairs, the first step of
    Holm's procedure, so that it suffices whatever the other pairs do. None: more than a million.
    `noise`: standard deviation of a replicate's difference, measured over `replicates` and known
    within `noise_range` (95 %); `alone_range`: what `alone` would be at its ends. `detectable`:
    the smallest difference that the replicates at hand show by themselves.
    """

    difference: float
    power: float
    family: int
    replicates: int
    noise: float
    noise_range: tuple[float, float]
    alone: int | None
    alone_range: tuple[int | None, int | None]
    corrected: int | None
    detectable: float

    @property
    def more(self) -> int | None:
        """How many more replicates the corrected test needs; 0 if there are enough."""
        return None if self.corrected is None else max(0, self.corrected - self.replicates)


def power_to_see(
    difference: float, noise: float | None, replicates: int, *, family: int, power: float = 0.8
) -> Power | None:
    """Plan for `difference`; None where no noise could be measured (fewer than two replicates)."""
    if noise is None or replicates < 2:
        return None
    low, high = noise_interval(noise, replicates) or (noise, noise)
    return Power(
        difference=difference,
        power=power,
        family=family,
        replicates=replicates,
        noise=noise,
        noise_range=(low, high),
        alone=replicates_to_see(difference, noise, level=LEVEL, power=power),
        alone_range=(
            replicates_to_see(difference, low, level=LEVEL, power=power),
            replicates_to_see(difference, high, level=LEVEL, power=power),
        ),
        corrected=replicates_to_see(difference, noise, level=LEVEL / family, power=power),
        detectable=detectable_difference(noise, replicates, level=LEVEL, power=power) or 0.0,
    )
