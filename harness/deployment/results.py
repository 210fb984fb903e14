"""What a deployment comes to for each method and arm, and how it is shown."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.deployment.arms import ARMS, BASE, MEASURES, DeploymentTerms, Outcome
from harness.results.display import interval_text
from harness.statistics.intervals import Interval, t_interval
from harness.statistics.pairs import PairedDifference, paired_difference
from harness.table import Cell, Column, Table

_TITLES = {"precision_at_1": "P@1", "false_reject": "FRR", "false_accept": "FAR"}
"""Of the measures that are shares."""


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
    settings: DeploymentTerms
    rows: Sequence[ArmRow]
    notes: Sequence[str]


def arm_rows(label: str, arms: Mapping[str, Mapping[int, Outcome]]) -> list[ArmRow]:
    """Aggregate one method: the outcomes of each arm by seed, arm A among them."""
    return [
        ArmRow(
            label=label,
            arm=arm,
            intervals={name: _interval(outcomes, name) for name in MEASURES},
            differences={}
            if arm == BASE
            else {name: _difference(outcomes, arms[BASE], name) for name in MEASURES},
        )
        for arm, outcomes in arms.items()
    ]


def _interval(outcomes: Mapping[int, Outcome], name: str) -> Interval:
    values = (getattr(outcome, name) for outcome in outcomes.values())
    bounds = (0.0, 1.0) if name in _TITLES else (0.0, None)
    return t_interval([value for value in values if math.isfinite(value)], bounds=bounds)


def _difference(
    outcomes: Mapping[int, Outcome], base: Mapping[int, Outcome], name: str
) -> PairedDifference:
    pairs = [
        (getattr(outcomes[seed], name), getattr(base[seed], name))
        for seed in sorted(outcomes.keys() & base.keys())
    ]
    known = [pair for pair in pairs if all(map(math.isfinite, pair))]
    return paired_difference([first for first, _ in known], [second for _, second in known])


def deployment_table(found: Deployment) -> Table:
    """One row for each method and arm: measures, and their differences from arm A."""
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        Column(key="arm", title="arm", priority=0),
    ]
    for place, (name, title) in enumerate(_TITLES.items()):
        columns += [
            Column(key=name, title=title, align="right", priority=3 * (place > 0)),
            Column(key=f"{name} less A", title=f"{title} - A", align="right", priority=place),
        ]
    columns.append(Column(key="gallery", title="gallery", align="right", digits=0))
    return Table(
        title=f"{found.protocol} on {found.dataset}, by {found.variable} ({found.values} values); "
        "mean [95 % t-interval]",
        columns=columns,
        rows=[_cells(row) for row in found.rows],
        notes=_notes(found),
    )


def deployment_document(found: Deployment) -> dict[str, Any]:
    """The same as plain data; what is not known is None."""
    return {
        **vars(found),
        "settings": dataclasses.asdict(found.settings),
        "rows": [
            {
                "method": row.label,
                "arm": row.arm,
                "measures": {
                    name: dataclasses.asdict(interval) for name, interval in row.intervals.items()
                },
                "less_A": {
                    name: {
                        **dataclasses.asdict(difference.interval),
                        "p_value": difference.p_value,
                    }
                    for name, difference in row.differences.items()
                },
            }
            for row in found.rows
        ],
        "notes": list(found.notes),
    }


def _cells(row: ArmRow) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        "method": row.label,
        "arm": row.arm,
        "gallery": row.intervals["gallery"].mean,
    }
    for name in _TITLES:
        cells[name] = interval_text(row.intervals[name])
        cells[f"{name} less A"] = _difference_text(row.differences.get(name))
    return cells


def _difference_text(difference: PairedDifference | None) -> str | None:
    if difference is None or difference.interval.mean is None:
        return None
    ends: Interval = difference.interval
    if ends.low is None or ends.high is None:
        return f"{ends.mean:+.3f}"
    return f"{ends.mean:+.3f} [{ends.low:+.3f}, {ends.high:+.3f}]"


def _notes(found: Deployment) -> list[str]:
    shown = {row.arm for row in found.rows}
    counts = {row.intervals["gallery"].n for row in found.rows}
    replicates = str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    settings = found.settings
    return [
        "; ".join(f"{arm}: {text}" for arm, text in ARMS.items() if arm in shown),
        f"{replicates} replicates; a threshold accepts {settings.accept:g} of what calibrates it; "
        f"C: {settings.clusters} centres a value; D: {settings.newest} a class",
        *found.notes,
    ]
