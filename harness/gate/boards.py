"""`gate_boards`: a candidate's Records against a baseline's, row by row of their boards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import NotComparable, unknown
from harness.gate.lines import all_together, corrected, line_of
from harness.gate.measuring import measure, units_of
from harness.gate.metrics import GatedMetric, names_measured
from harness.gate.report import GateReport, Line, Policy
from harness.record import SANDBOX, Record
from harness.results import Selector, choose
from harness.results.belonging import belonging, told_alike
from harness.results.key import IDENTITY, RECORD, SEARCHED, MethodKey, by_method, method_key
from harness.results.source import SCOPED, Source
from harness.store import Scope

Rows = Mapping[MethodKey, list[Record]]

_BESIDE_SCOPE: Mapping[str, Callable[[Record], str | int]] = {
    "trunk": lambda run: run.identity.trunk,
    "folds": lambda run: run.folds,
}
"""What refuses a board too, and is no part of a scope."""


@dataclass(frozen=True, kw_only=True)
class GateSide:
    """One side's Records, all of one protocol, dataset and semantics; `name` is for people."""

    name: str
    scope: Scope
    scoring: int | None
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


def baseline_side(source: Source, select: Selector | None = None) -> GateSide:
    """The board of a source that was added to last, of those that match, as the recorded side.

    Raises NotComparable for an unlocked protocol, UserError where nothing matches.
    """
    wanted = select or Selector()
    scope, _ = choose(source, source.scopes(), wanted)
    if scope.unlocked:
        changed = ", ".join(scope.unlocked)
        raise NotComparable(
            f"{source.name}: its {scope.protocol} is unlocked ({changed}) and cannot be gated"
        )
    return _side(source, scope, wanted)


def candidate_side(source: Source, baseline: GateSide) -> GateSide:
    """What a source holds under the baseline's digests; NotComparable where it holds none."""
    scopes = source.scopes()
    if not scopes:
        raise NotComparable(f"{source.name}: holds no records: nothing was measured")
    scope = next((scope for scope in scopes if not _differences(scope, baseline)), None)
    if scope is None:
        raise NotComparable(f"{source.name}: {_closest(scopes, baseline)}")
    kept, left = _like_the_baseline(source.name, list(source.records(scope)), baseline)
    side = _side(source, scope, Selector(), kept)
    return replace(side, notes=(*left, *side.notes))


def _like_the_baseline(
    name: str, runs: list[Record], baseline: GateSide
) -> tuple[list[Record], list[str]]:
    """The runs that could share a board with the baseline's, and a sentence on the others.

    NotComparable where there are none: a scope does not tell trunks and numbers of folds apart.
    """
    notes = []
    for fact, get in _BESIDE_SCOPE.items():
        wanted = {get(run) for run in baseline.records}
        kept = [run for run in runs if get(run) in wanted]
        if len(kept) == len(runs) or not wanted:
            continue
        words = {**IDENTITY, **RECORD}[fact].words
        others = {get(run) for run in runs} - wanted
        theirs = ", ".join(sorted(str(one) or "the core's" for one in others))
        ours = ", ".join(str(one) or "the core's" for one in wanted)
        if not kept:
            where = f"than the baseline's ({theirs}; there {ours})"
            raise NotComparable(f"{name}: its runs are of another {words} {where}")
        notes.append(f"left out: {len(runs) - len(kept)} runs of another {words} ({theirs})")
        runs = kept
    return runs, notes


def _side(
    source: Source, scope: Scope, wanted: Selector, runs: Sequence[Record] | None = None
) -> GateSide:
    held = source.records(scope) if runs is None else runs
    records, notes = belonging(held, admitted=wanted.admitted)
    scores = [record.scores for record in records if record.scores is not None]
    return GateSide(
        name=source.name,
        scope=scope,
        scoring=scores[0].semantics if scores else None,
        records=tuple(records),
        notes=tuple(notes),
    )


def _require_same_scoring(baseline: GateSide, candidate: GateSide) -> None:
    before, after = baseline.scoring, candidate.scoring
    if before is None:
        raise NotComparable(f"{baseline.name}: no run of it ended in scores: nothing to gate by")
    if before != after and after is not None:
        raise NotComparable(
            f"{candidate.name} and the baseline {baseline.name} are of different scoring "
            f"semantics and cannot be compared: {after} and {before}; `bench rescore` brings a "
            "store to this version and `bench publish` records it, and a baseline whose store is "
            "gone has to be measured anew"
        )


def _require_same_directions(side: GateSide, metrics: Sequence[GatedMetric]) -> None:
    told, disputed = told_alike(run.scores.told for run in side.records if run.scores)
    for metric in metrics:
        if metric.name in disputed:
            raise NotComparable(f"{side.name}: {disputed[metric.name]}")
        if metric.name in told and told[metric.name].higher_is_better != metric.higher_is_better:
            here, before = ("lower", "higher") if metric.higher_is_better else ("higher", "lower")
            raise NotComparable(
                f"metric '{metric.name}': {here} is better in {side.name}, and {before} at the gate"
            )


def _differences(scope: Scope, baseline: GateSide) -> list[str]:
    """In which facts a scope is not the baseline's, in words."""
    recorded = baseline.scope
    return [
        IDENTITY[name].words for name in SCOPED if getattr(scope, name) != getattr(recorded, name)
    ]


def _closest(scopes: Sequence[Scope], baseline: GateSide) -> str:
    """Say of the scope that is most like the baseline what is not."""
    scope = min(scopes, key=lambda scope: len(_differences(scope, baseline)))
    wanted = f"the baseline, {baseline.scope.protocol} on {baseline.scope.dataset}"
    if (scope.protocol, scope.dataset) != (baseline.scope.protocol, baseline.scope.dataset):
        return f"holds {scope.protocol} on {scope.dataset} and not {wanted}"
    if scope.unlocked:
        changed = ", ".join(scope.unlocked)
        return f"its {scope.protocol} is unlocked ({changed}) and cannot be gated"
    return f"its runs differ from {wanted}, in {' and '.join(_differences(scope, baseline))}"


def gate_boards(
    baseline: GateSide,
    candidate: GateSide,
    metrics: Sequence[GatedMetric],
    *,
    methods: Sequence[str] = (),
    inconclusive: Policy = "fail",
) -> GateReport:
    """Give a verdict on each method of the baseline (or those named) and each metric.

    Raises NotComparable where digests differ or nothing was measured on both sides, UserError
    for a method or metric that the baseline does not have.
    """
    _require_same_scoring(baseline, candidate)
    _require_known(baseline, metrics, methods)
    for side in (baseline, candidate):
        _require_same_directions(side, metrics)
    recorded, found = (
        by_method(sorted(baseline.records, key=method_key)),
        by_method(candidate.records),
    )
    gated = [key for key in recorded if not methods or key[0] in methods]
    sides = {key: (recorded[key], match(key, recorded, found)) for key in gated}
    pairs = {
        metric.name: [
            (measure(before, metric), measure(after, metric)) for before, after in sides.values()
        ]
        for metric in metrics
    }
    units = {name: units_of(both) for name, both in pairs.items()}
    lines = []
    for place, (key, (before, after)) in enumerate(sides.items()):
        label = label_of(key, recorded)
        failure = _failure_line(label, before, after, metrics)
        own = [
            line_of(label, *pairs[metric.name][place], metric, units[metric.name])
            for metric in metrics
        ]
        lines += [] if failure is None else [failure]
        lines += [line for line in own if failure is None or line.difference is not None]
    together = [
        line
        for metric in metrics
        for line in all_together(pairs[metric.name], metric, units[metric.name])
    ]
    lines = corrected([*lines, *together])
    unharmed = [line for line in lines if line.status == "pass" and line in together]
    lines = [line for line in lines if line not in unharmed]
    if not any(line.decision or line.status == "failed" for line in lines):
        raise NotComparable(
            f"{candidate.name}: nothing was measured that the baseline {baseline.name} has too"
        )
    return GateReport(
        baseline=baseline.name,
        candidate=candidate.name,
        subject=f"{baseline.scope.protocol} on {baseline.scope.dataset}",
        lines=lines,
        notes=(
            *(line.sentence for line in unharmed),
            *_notes(baseline, candidate, recorded, found),
            *(f"baseline: {note}" for note in baseline.notes),
            *candidate.notes,
        ),
        inconclusive=inconclusive,
    )


def _require_known(
    baseline: GateSide, metrics: Sequence[GatedMetric], methods: Sequence[str]
) -> None:
    names = {record.identity.method for record in baseline.records}
    for method in methods:
        if method not in names:
            raise unknown("method", method, names, where=baseline.name)
    measured = names_measured(baseline.records)
    for metric in metrics:
        if metric.name not in measured:
            raise unknown("metric", metric.name, measured, where=baseline.name)


def label_of(key: MethodKey, among: Rows) -> str:
    """The method's name, with its hyperparameters where there is another of that name."""
    method, point = key
    points = [other for name, other in among if name == method]
    return method if len(points) == 1 else f"{method} ({point_text(point, points)})"


def point_text(point: str, among: Iterable[str]) -> str:
    """A point as the board's labels have it: of its hyperparameters those that others have not."""
    if point == SEARCHED:
        return point
    others = [json.loads(other) for other in among if other not in (SEARCHED, point)]
    own = json.loads(point).items()
    told = [f"{name}={value}" for name, value in own if any(o.get(name) != value for o in others)]
    told = told or [f"{name}={value}" for name, value in own]
    return ", ".join(told) or "no hyperparameters"


def match(key: MethodKey, recorded: Rows, found: Rows) -> list[Record]:
    """The candidate's runs of a row; at another point, if each side has but one."""
    if key in found:
        return found[key]
    same = [other for other in found if other[0] == key[0]]
    alone = len(same) == 1 and sum(other[0] == key[0] for other in recorded) == 1
    return found[same[0]] if alone else []


def _failure_line(
    label: str, before: Sequence[Record], after: Sequence[Record], metrics: Sequence[GatedMetric]
) -> Line | None:
    """The line on a method's failed runs, or None; a failure that the baseline had too is none.

    A done run whose gated metric is missing or not finite, and was not in the baseline, failed.
    """
    sound = {_place(run) for run in before if run.state == "done"}
    unsound = {_place(run) for run in before if run.state != "done"}
    reasons = [
        f"seed {run.identity.seed}, fold {run.identity.fold}: {reason}"
        for run in after
        if _place(run) not in unsound
        for reason in _reasons(run, metrics, expected=_place(run) in sound)
    ]
    if not reasons:
        return None
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    count = f"{len(reasons)} of {len(after)} runs failed"
    return Line(
        method=label,
        metric="",
        status="failed",
        sentence=f"{label}: {count} ({reasons[0]}{more})",
    )


def _place(run: Record) -> tuple[int, int]:
    return run.identity.seed, run.identity.fold


def _reasons(run: Record, metrics: Sequence[GatedMetric], *, expected: bool) -> Iterator[str]:
    if run.state == "failed" or (run.state == "skipped" and expected):
        message = run.reason.message if run.reason else "no reason was recorded"
        yield f"{run.reason.kind if run.reason else run.state}: {' '.join(message.split())}"
    elif run.state == "done":
        missing = [metric.name for metric in metrics if metric.value(run) is None]
        if missing:
            yield f"{missing[0]} is missing or not finite"


def _notes(baseline: GateSide, candidate: GateSide, recorded: Rows, found: Rows) -> Iterator[str]:
    """Sentences that belong under the verdicts: whatever else is not the same on both sides."""
    for key, records in recorded.items():
        matched = match(key, recorded, found)
        if matched and method_key(matched[0]) != key:
            both = (method_key(matched[0])[1], key[1])
            now, before = (point_text(point, both) for point in both)
            yield f"{key[0]}: its hyperparameters are {now}, the baseline's {before}"
        elif matched and _source(matched[0]) != _source(records[0]):
            yield f"{key[0]}: {_source(matched[0])}, the baseline's {_source(records[0])}"
    new = sorted({method for method, _ in found} - {method for method, _ in recorded})
    if new:
        yield f"not gated, because the baseline does not have them: {', '.join(new)}"
    yield from _environments(baseline, candidate)


def _source(record: Record) -> str:
    identity = record.identity
    return f"{identity.distribution} {identity.version}, source {identity.source[:12]}"


_MOVES_BITS = ("cpu", "vectors", "device", "gpu", "torch")
"""Facts of an environment with which the same seeds were seen to give other bits."""


def _environments(baseline: GateSide, candidate: GateSide) -> Iterator[str]:
    before, after = _facts(baseline.records), _facts(candidate.records)
    changed = [
        f"{name} {before.get(name, 'none')} -> {after.get(name, 'none')}"
        for name in sorted(before.keys() | after.keys())
        if name != SANDBOX and before.get(name) != after.get(name)
    ]
    if changed:
        yield f"environments differ: {', '.join(changed)}"
    if any(before.get(name) != after.get(name) for name in _MOVES_BITS):
        yield (
            "the same seeds do not give the same bits there: another processor was seen to move a "
            "run's MAP@R by .011 (another seed by .03); the intervals hold that noise, so smaller "
            "changes of the program cannot be told from it"
        )


def _facts(records: Iterable[Record]) -> dict[str, str]:
    """Every fact of the environments, with all values that it has."""
    found: dict[str, set[str]] = {}
    for record in records:
        for name, value in record.environment.items():
            found.setdefault(name, set()).add(value)
    return {name: " and ".join(sorted(values)) for name, values in found.items()}
