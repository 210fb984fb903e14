"""What embeddings hold of variables, with intervals and controls, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.statistics.intervals import student_quantile
from harness.table import Cell, Column, Table
from harness.variables.measuring import MEASURES, RETRIEVED

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """One measure of one method and variable: a mean over its runs.

    `left_out`: float64 (G,), with each group of classes left out; `controls`: float64 (B,), with
    the values dealt out anew. `p_value`: of all that the table tells, once that is known.
    """

    value: float
    left_out: Floats
    controls: Floats
    p_value: float | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % by the jackknife that leaves out each group of classes; None where it cannot be.

        Variance (G - 1) / G times the sum of squares about their mean (Efron and Stein, Annals of
        Statistics 1981), Student's quantile with G - 1 degrees of freedom.
        """
        count = len(self.left_out)
        if count < 2 or not np.isfinite(self.left_out).all():
            return None
        squares = np.square(self.left_out - self.left_out.mean()).sum()
        half = student_quantile(count - 1, 0.975) * math.sqrt((count - 1) / count * float(squares))
        return self.value - half, self.value + half

    @property
    def control(self) -> float | None:
        """The mean of the controls; None without any."""
        return float(self.controls.mean()) if len(self.controls) else None


@dataclass(frozen=True, kw_only=True, eq=False)
class SaliencyRow:
    """One method and variable: every measure by name; those that say nothing here are missing.

    `values`: how many it has; None for the class and for the mean over label sets.
    """

    method: str
    variable: str
    values: int | None
    runs: int
    found: Mapping[str, Found]


@dataclass(frozen=True, kw_only=True, eq=False)
class Saliency:
    """What the runs of a board hold of its dataset's variables."""

    protocol: str
    dataset: str
    classes: int
    samples: int
    rows: Sequence[SaliencyRow]
    notes: Sequence[str]


def with_p_values(rows: Sequence[SaliencyRow]) -> list[SaliencyRow]:
    """The same rows, each number with a p-value that holds for all of them together.

    The share of the controls in which the largest of all standardised numbers reaches this one
    (Westfall and Young 1993, max T, single step): controls are dealt out alike for all
    rows, so what the numbers have in common counts. One-sided: more than the controls. None where
    the controls do not vary.
    """
    known = [
        (place, name, one)
        for place, row in enumerate(rows)
        for name, one in row.found.items()
        if len(one.controls) > 1 and math.isfinite(one.value) and float(one.controls.std()) > 0
    ]
    if not known:
        return list(rows)
    means = np.array([one.controls.mean() for _, _, one in known])
    widths = np.array([one.controls.std(ddof=1) for _, _, one in known])
    controls = np.stack([one.controls for _, _, one in known], axis=1)
    largest = ((controls - means) / widths).max(axis=1)
    told: dict[int, dict[str, Found]] = {}
    for (place, name, one), mean, width in zip(known, means, widths, strict=True):
        reached = int((largest >= (one.value - mean) / width).sum())
        p_value = (1 + reached) / (1 + len(largest))
        told.setdefault(place, {})[name] = replace(one, p_value=p_value)
    return [
        replace(row, found={**row.found, **told.get(place, {})}) for place, row in enumerate(rows)
    ]


def saliency_table(found: Saliency) -> Table:
    """One row for each method and variable."""
    shown = [name for name in MEASURES if any(name in row.found for row in found.rows)]
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        Column(key="variable", title="variable", priority=0),
        Column(key="values", title="values", align="right", priority=10),
        *(_column(name, place) for place, name in enumerate(shown)),
    ]
    return Table(
        title=f"{found.protocol} on {found.dataset}: what embeddings hold of variables; "
        "[95 % interval by class] (control)",
        columns=columns,
        rows=[_cells(row, shown) for row in found.rows],
        notes=[*_notes(found, shown), *found.notes],
    )


_BRIEF = "brief_"


def _column(name: str, place: int) -> Column:
    """A measure with its interval and control; where it is too wide, the number alone."""
    brief = Column(
        key=_BRIEF + name,
        title=MEASURES[name].title,
        align="right",
        priority=place,
        lacks="interval and control",
    )
    return replace(brief, key=name, priority=20 + place, lacks="", brief=brief)


def _cells(row: SaliencyRow, shown: Sequence[str]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        "method": row.method,
        "variable": row.variable,
        "values": row.values,
    }
    for name in shown:
        if name in row.found:
            sign = "" if name in RETRIEVED else "+"
            cells[name] = _text(row.found[name], sign)
            cells[_BRIEF + name] = _number(row.found[name], sign)
    return cells


def _number(one: Found, sign: str) -> str:
    above = one.p_value is not None and one.p_value <= 0.05
    return f"{one.value:{sign}.3f}" + ("*" if above else "")


def _text(one: Found, sign: str) -> str:
    ends, control = one.interval, one.control
    text = _number(one, sign)
    text += f" [{ends[0]:{sign}.3f}, {ends[1]:{sign}.3f}]" if ends else ""
    return text + (f" ({control:{sign}.3f})" if control is not None else "")


def _notes(found: Saliency, shown: Sequence[str]) -> list[str]:
    counts = sorted({row.runs for row in found.rows})
    runs = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    return [
        "; ".join(f"{MEASURES[name].title}: {MEASURES[name].summary}" for name in shown),
        f"{found.samples:,} test samples of {found.classes} classes; means over {runs} runs, of "
        "whose noise the intervals know nothing",
        "* more than with the values dealt out anew, at 5 % for all numbers of the table together",
    ]


def saliency_document(found: Saliency) -> dict[str, Any]:
    """The same as plain data; what is not known is None."""
    return {
        "protocol": found.protocol,
        "dataset": found.dataset,
        "classes": found.classes,
        "samples": found.samples,
        "rows": [
            {
                "method": row.method,
                "variable": row.variable,
                "values": row.values,
                "runs": row.runs,
                "measures": {name: _document(one) for name, one in row.found.items()},
            }
            for row in found.rows
        ],
        "notes": list(found.notes),
    }


def _document(one: Found) -> dict[str, float | None]:
    low, high = one.interval or (None, None)
    return {
        "value": one.value,
        "low": low,
        "high": high,
        "control": one.control,
        "p_value": one.p_value,
    }
