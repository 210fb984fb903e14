"""One row of a leaderboard from the Records of one method at one point of its space."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from harness.leaderboard.board import Cost, Failure, Intervals, Row, Runs
from harness.leaderboard.replicates import (
    complete_replicates,
    concatenated,
    fold_values,
    joined_values,
    separated,
    separated_class_means,
)
from harness.record import Audit, Concatenation, Record, Searched

UNLOCKED = "unlocked"


def build_row(
    records: Sequence[Record],
    concatenations: Mapping[tuple[str, ...], Concatenation],
    *,
    folds: int,
    replicates: int,
) -> Row:
    """Aggregate the Records of one row, of which there is at least one."""
    identity = records[0].identity
    complete = complete_replicates(records, folds)
    metrics = separated(complete)
    return Row(
        method=identity.method,
        label=identity.method,
        distribution=identity.distribution,
        version=identity.version,
        source=identity.source,
        hyperparameters=identity.hyperparameters,
        chosen_by=tuple(sorted({record.chosen_by for record in records})),
        declared=records[0].declared,
        metrics=metrics,
        class_means=separated_class_means(complete),
        concatenated=concatenated(complete, concatenations),
        runs=_runs(records, expected=folds * replicates),
        failures=_failures(records),
        cost=_cost(
            [r.audit for r in records if r.state == "done" and r.audit is not None],
            _searches(records),
        ),
        flags=_flags(records, metrics, len(complete)),
        fold_values=fold_values(complete),
        joined_values=joined_values(complete, concatenations),
        records={seed: tuple(runs) for seed, runs in complete.items()},
    )


def _runs(records: Sequence[Record], *, expected: int) -> Runs:
    states = [record.state for record in records]
    return Runs(
        done=states.count("done"),
        failed=states.count("failed"),
        skipped=states.count("skipped"),
        expected=max(expected, len(records)),
    )


def _failures(records: Iterable[Record]) -> tuple[Failure, ...]:
    found: dict[tuple[str, str], Failure] = {}
    for record in records:
        if record.state == "done":
            continue
        kind = record.reason.kind if record.reason else "unknown"
        message = record.reason.message if record.reason else "no reason was recorded"
        before = found.get((record.state, kind))
        found[record.state, kind] = Failure(
            state=record.state,
            kind=kind,
            count=before.count + 1 if before else 1,
            message=before.message if before else message,
        )
    return tuple(found.values())


def _searches(records: Iterable[Record]) -> list[Searched]:
    """The searches that the replicates come from, each once."""
    found = {r.searched.search: r.searched for r in records if r.searched is not None}
    return [found[search] for search in sorted(found)]


def _cost(audits: Sequence[Audit], searches: Sequence[Searched]) -> Cost | None:
    if not audits:
        return None
    steps = sum(audit.steps for audit in audits)
    peaks = [a.peak_memory_bytes for a in audits if a.peak_memory_bytes is not None]
    return Cost(
        training_seconds=_mean(audit.training_seconds for audit in audits),
        seconds=_mean(audit.seconds for audit in audits),
        images_embedded=_mean(audit.images_embedded for audit in audits),
        backward_passes_per_step=sum(a.backward_passes for a in audits) / steps if steps else 0.0,
        trunk_parameters=_mean(audit.parameters.trunk for audit in audits),
        head_parameters=_mean(audit.parameters.head for audit in audits),
        objective_parameters=_mean(audit.parameters.objective for audit in audits),
        peak_memory_bytes=max(peaks, default=None),
        search_seconds=math.fsum(s.seconds for s in searches) if searches else None,
    )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found)


def _flags(records: Sequence[Record], metrics: Intervals, replicates: int) -> tuple[str, ...]:
    """Marks of a row: what a reader must know beside its numbers."""
    flags: list[str] = []
    members = records[0].declared.members
    if members > 1:
        flags.append(f"ensemble of {members}")
    collapsed = sum(1 for r in records if r.scores is not None and r.scores.collapsed)
    if collapsed:
        flags.append(f"collapsed in {collapsed} of {len(records)} runs")
    if any(record.chosen_by == "given" for record in records):
        flags.append("hyperparameters by hand")
    for search in _searches(records):
        if search.on_bound:
            flags.append(f"best on a bound: {', '.join(search.on_bound)}")
        if search.failed:
            flags.append(f"{search.failed} of {search.trials} trials failed")
    flags += [
        f"{name} missing in {replicates - interval.n} of {replicates} replicates"
        for name, interval in metrics.items()
        if interval.n < replicates
    ]
    if records[0].identity.unlocked:
        flags.append(UNLOCKED)
    return tuple(dict.fromkeys(flags))
