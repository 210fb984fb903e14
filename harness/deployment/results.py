"""What a deployment comes to: an interval over replicates for each method and arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.deployment.arms import BASE
from harness.deployment.decisions import MEASURES, Outcome
from harness.deployment.settings import Settings
from harness.statistics import Interval, PairedDifference, paired_difference, t_interval


@dataclass(frozen=True, kw_only=True)
class ArmRow:
    """One method under one arm, by measure.

    `differences`: this arm less arm A, over the replicates that have both; none for A itself.
    """

    label: str
    arm: str
    intervals: Mapping[str, Interval]
    differences: Mapping[str, PairedDifference]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a store's runs do as galleries at work; one row for each method and arm.

    `variable`: the background variable; `values`: how many it has; `classes`: how many test
    classes there are.
    """

    protocol: str
    dataset: str
    variable: str
    values: int
    classes: int
    settings: Settings
    rows: Sequence[ArmRow]
    notes: Sequence[str]


def arm_rows(label: str, arms: Mapping[str, Mapping[int, Outcome]]) -> list[ArmRow]:
    """Aggregate one method: the outcomes of each arm by seed, arm A among them."""
    return [
        ArmRow(
            label=label,
            arm=arm,
            intervals={name: t_interval(_finite(outcomes, name)) for name in MEASURES},
            differences={}
            if arm == BASE
            else {name: _difference(outcomes, arms[BASE], name) for name in MEASURES},
        )
        for arm, outcomes in arms.items()
    ]


def _finite(outcomes: Mapping[int, Outcome], name: str) -> list[float]:
    values = (getattr(outcome, name) for outcome in outcomes.values())
    return [value for value in values if math.isfinite(value)]


def _difference(
    outcomes: Mapping[int, Outcome], base: Mapping[int, Outcome], name: str
) -> PairedDifference:
    pairs = [
        (getattr(outcomes[seed], name), getattr(base[seed], name))
        for seed in sorted(outcomes.keys() & base.keys())
    ]
    known = [pair for pair in pairs if all(map(math.isfinite, pair))]
    return paired_difference([first for first, _ in known], [second for _, second in known])
