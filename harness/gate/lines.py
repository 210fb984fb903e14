"""The lines of a gate: each method's verdict, that on all methods, and Holm's correction."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from harness.gate.decision import LEVEL, Difference, decide
from harness.gate.measuring import MetricBySeed, Units, difference_of, mean_change, unpaired_seeds
from harness.gate.metrics import GatedMetric
from harness.gate.rendering import line_sentence
from harness.gate.report import Line, Status
from harness.statistics.pairs import holm


def line_of(
    label: str, before: MetricBySeed, after: MetricBySeed, metric: GatedMetric, units: Units
) -> Line:
    """The verdict on one method by one metric, for itself: not yet `corrected` for the others."""
    difference = difference_of(before, after, units)
    if difference is None:
        return _unmeasured(label, before, after, metric)
    return decided(label, metric, difference, _remainder(before, after))


def decided(subject: str, metric: GatedMetric, difference: Difference, more: str = "") -> Line:
    """The line on a difference, by the metric's margin; `more` ends its sentence."""
    margin = metric.margin.of(difference.baseline)
    decision = decide(
        difference, margin, higher_is_better=metric.higher_is_better, counted=metric.counted
    )
    return Line(
        method=subject,
        metric=metric.name,
        status=decision.verdict,
        sentence=line_sentence(subject, metric.name, difference, decision) + more,
        margin=margin,
        difference=difference,
        decision=decision,
    )


def _unmeasured(label: str, before: MetricBySeed, after: MetricBySeed, metric: GatedMetric) -> Line:
    status: Status = "missing" if before.values else "not gated"
    what = "no complete replicate" if after.left_out else "no run"
    sentence = f"{label}: {metric.name} was not measured: the candidate has {what}"
    if not before.values:
        sentence = f"{label}: {metric.name} has no complete replicate in the baseline"
    return Line(method=label, metric=metric.name, status=status, sentence=sentence)


def _remainder(before: MetricBySeed, after: MetricBySeed) -> str:
    """What of either side was not compared."""
    parts = [
        f"{count} of the {side} without a partner"
        for side, count in zip(
            ("baseline", "candidate"), unpaired_seeds(before, after), strict=True
        )
        if count
    ]
    if after.left_out:
        parts.append(f"{len(after.left_out)} of the candidate incomplete")
    return f" (replicates: {', '.join(parts)})" if parts else ""


def all_together(
    pairs: Sequence[tuple[MetricBySeed, MetricBySeed]],
    metric: GatedMetric,
    units: Units,
) -> Iterator[Line]:
    """The mean change of all methods, which shows what none of them could: never inconclusive."""
    paired = [(before, after) for before, after in pairs if before.values and after.values]
    difference = mean_change(paired, units)
    if difference is None or difference.standard_error is None:
        return
    line = decided(f"all {len(paired)} methods", metric, difference)
    yield line if line.status == "regression" else dataclasses.replace(line, status="pass")


def corrected(lines: Sequence[Line]) -> list[Line]:
    """Regressions that do not survive Holm over all lines are only suspected."""
    found = {
        id(line): line.decision.p_value
        for line in lines
        if line.decision and line.decision.p_value is not None
    }
    adjusted = holm([p for p in found.values() if p is not None])
    kept = {line for line, p in zip(found, adjusted, strict=True) if p <= LEVEL}
    return [
        line if line.status != "regression" or id(line) in kept else _suspected(line, len(found))
        for line in lines
    ]


def _suspected(line: Line, count: int) -> Line:
    sentence = f"{line.sentence}, by itself; not among {count} lines (Holm, 5 %)"
    return dataclasses.replace(line, status="suspected", sentence=sentence)
