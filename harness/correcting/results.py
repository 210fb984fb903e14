"""What corrections were worth: curves over turns, their areas, and how they are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from harness.correcting.experiment import UNTRAINED, Corrected, Course, by_method
from harness.metrics import METRICS as KNOWN
from harness.statistics.intervals import Interval, t_interval
from harness.statistics.pairs import PairedDifference, paired_difference
from harness.table import Cell, Column, Table

METRICS: tuple[str, ...] = ("ami", "nmi", "ari", "pairwise_f1", "map_at_r")
"""Scores of a turn; all but the last also of the estimated number of clusters."""


def title_of_score(metric: str) -> str:
    """A score's name as people write it."""
    return KNOWN[metric].title


def curve(course: Course, score: str) -> list[float] | None:
    """The score at each turn; None where a turn is missing or does not have it."""
    values = [turn.get(score) for turn in course.turns]
    known = [value for value in values if value is not None and math.isfinite(value)]
    return known if len(known) == len(course.corrections) else None


def area(course: Course, score: str) -> float | None:
    """The mean height of the curve over corrections, by trapezoids; None where it is broken off.

    Between 0 corrections and the last; so it is in the score's own units.
    """
    values = curve(course, score)
    if values is None or course.corrections[-1] == course.corrections[0]:
        return None
    corrections = np.array(course.corrections, dtype=np.float64)
    return float(np.trapezoid(values, corrections) / (corrections[-1] - corrections[0]))


def correcting_table(found: Corrected, metric: str = "ami") -> Table:
    """One row for each method: the metric by turn, the area, and what it is worth."""
    turns = range(found.terms.turns + 1)
    title = title_of_score(metric)
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        *(Column(key=f"turn {one}", title=f"turn {one}", align="right", priority=2)
          for one in turns),
        Column(key="area", title="area", align="right", priority=0),
        Column(key="worth", title="area - no learning", align="right", priority=0),
        Column(key="seen", title="seen", align="right", priority=1),
        Column(key="unseen", title="unseen", align="right", priority=1),
        Column(key="estimated", title="estimated", align="right", priority=3),
    ]  # fmt: skip
    methods = by_method(found.courses)
    plain = methods[UNTRAINED]
    terms = found.terms
    shown = "each method's own clusters" if terms.adaptive else "clusters of the untrained one"
    return Table(
        title=f"{title} of texts never corrected: {found.protocol} on {found.dataset}",
        columns=columns,
        rows=[_cells(name, own, plain, metric, turns) for name, own in methods.items()],
        notes=[
            f"{found.texts} texts of {found.classes} classes; a turn: {terms.clusters} clusters "
            f"({terms.rule}; {shown}), {terms.members} members of each; {terms.withheld:g} of the "
            f"classes withheld; {_corrections(plain)}",
            "area: mean height of the curve over corrections [95 % t-interval over seeds]; seen, "
            "unseen: at the last turn, texts of classes that were corrected and that never were",
            *([f"unlocked: {', '.join(found.overrides)}"] if found.overrides else []),
            *found.notes,
        ],
    )


def _corrections(plain: Mapping[int, Course]) -> str:
    counts = np.mean([course.corrections for course in plain.values()], axis=0).round().astype(int)
    texts = ", ".join(str(count) for count in counts.tolist())
    return f"corrected by turn, mean of {len(plain)} seeds: {texts}"


def _cells(
    name: str,
    own: Mapping[int, Course],
    plain: Mapping[int, Course],
    metric: str,
    turns: Sequence[int],
) -> dict[str, Cell]:
    cells: dict[str, Cell] = {"method": name}
    for turn in turns:
        cells[f"turn {turn}"] = _mean_at(own, metric, turn)
    last = turns[-1]
    cells["seen"] = _mean_at(own, f"seen_{metric}", last)
    cells["unseen"] = _mean_at(own, f"unseen_{metric}", last)
    cells["estimated"] = _mean_at(own, f"{metric}_estimated", last)
    cells["area"] = _interval(areas(own, metric), "")
    if name != UNTRAINED:
        gained = worth(own, plain, metric)
        cells["worth"] = None if gained is None else _interval(gained.interval, "+")
    return cells


def _mean_at(own: Mapping[int, Course], score: str, turn: int) -> float | None:
    """The mean over seeds; None where any seed lacks it."""
    values = [
        course.turns[turn].get(score) if turn < len(course.turns) else None
        for course in own.values()
    ]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def areas(own: Mapping[int, Course], score: str) -> Interval:
    """The area's mean over seeds, of those that have one."""
    found = [area(course, score) for course in own.values()]
    return t_interval([one for one in found if one is not None])


def worth(
    own: Mapping[int, Course], plain: Mapping[int, Course], score: str
) -> PairedDifference | None:
    """The area less that without learning, by seed."""
    pairs = [(area(own[seed], score), area(plain[seed], score)) for seed in own]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    if not known:
        return None
    return paired_difference([one for one, _ in known], [other for _, other in known])


def _interval(ends: Interval, sign: str) -> str | None:
    if ends.mean is None:
        return None
    text = f"{ends.mean:{sign}.3f}"
    if ends.low is None or ends.high is None:
        return text
    return f"{text} [{ends.low:{sign}.3f}, {ends.high:{sign}.3f}]"
