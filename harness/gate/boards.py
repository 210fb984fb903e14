"""`gate_boards`: a candidate's Records against a baseline's, method by method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.errors import NotComparable, unknown
from harness.gate.decision import decide
from harness.gate.entrants import entrants, label_of, match
from harness.gate.failures import failure_line
from harness.gate.measuring import Replicates, compare, measure, unpaired_seeds
from harness.gate.metrics import GatedMetric, names_measured
from harness.gate.notes import board_notes
from harness.gate.report import GateReport, Line, Policy
from harness.gate.sentences import line_sentence
from harness.gate.sides import Side, require_same_kind
from harness.record import Record


def gate_boards(
    baseline: Side,
    candidate: Side,
    metrics: Sequence[GatedMetric],
    *,
    methods: Sequence[str] = (),
    inconclusive: Policy = "fail",
) -> GateReport:
    """Give a verdict on each method of the baseline (or those named) and each metric.

    Raises NotComparable where digests differ or nothing was measured on both sides, UserError
    for a method or metric that the baseline does not have.
    """
    require_same_kind(baseline, candidate)
    _require_known(baseline, metrics, methods)
    recorded, found = entrants(baseline.records), entrants(candidate.records)
    gated = [key for key in recorded if not methods or key[0] in methods]
    lines = [
        line
        for key in gated
        for line in _lines(
            label_of(key, recorded), recorded[key], match(key, recorded, found), metrics
        )
    ]
    if not any(line.decision or line.status == "failed" for line in lines):
        raise NotComparable(
            f"{candidate.name}: nothing was measured that the baseline {baseline.name} has too"
        )
    return GateReport(
        baseline=baseline.name,
        candidate=candidate.name,
        subject=f"{baseline.protocol} on {baseline.dataset}",
        lines=lines,
        notes=(*board_notes(baseline, candidate, recorded, found), *candidate.notes),
        inconclusive=inconclusive,
    )


def _require_known(baseline: Side, metrics: Sequence[GatedMetric], methods: Sequence[str]) -> None:
    names = {record.identity.method for record in baseline.records}
    for method in methods:
        if method not in names:
            raise unknown("method", method, names, where=baseline.name)
    measured = names_measured(baseline.records)
    for metric in metrics:
        if metric.name not in measured:
            raise unknown("metric", metric.name, measured, where=baseline.name)


def _lines(
    label: str, before: list[Record], after: list[Record], metrics: Sequence[GatedMetric]
) -> Iterator[Line]:
    failure = failure_line(label, before, after, metrics)
    if failure is not None:
        yield failure
    for metric in metrics:
        line = _line(label, measure(before, metric), measure(after, metric), metric)
        if failure is None or line.difference is not None:
            yield line


def _line(label: str, before: Replicates, after: Replicates, metric: GatedMetric) -> Line:
    difference = compare(before, after)
    if difference is None:
        return _unmeasured(label, before, after, metric)
    margin = metric.margin.of(difference.baseline)
    decision = decide(difference, margin, higher_is_better=metric.higher_is_better)
    return Line(
        method=label,
        metric=metric.name,
        status=decision.verdict,
        sentence=line_sentence(label, metric.name, difference, decision)
        + _remainder(before, after),
        margin=margin,
        difference=difference,
        decision=decision,
    )


def _unmeasured(label: str, before: Replicates, after: Replicates, metric: GatedMetric) -> Line:
    if not before.values:
        sentence = f"{label}: {metric.name} has no complete replicate in the baseline"
        return Line(method=label, metric=metric.name, status="not gated", sentence=sentence)
    what = "no complete replicate" if after.left_out else "no run"
    sentence = f"{label}: {metric.name} was not measured: the candidate has {what}"
    return Line(method=label, metric=metric.name, status="missing", sentence=sentence)


def _remainder(before: Replicates, after: Replicates) -> str:
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
