"""One row of a leaderboard from the runs of one method at one point of its space."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from harness.leaderboard.board import Cost, Intervals, Row, Runs
from harness.leaderboard.failures import failures_of
from harness.leaderboard.grouping import commons
from harness.leaderboard.lazily import Deferred
from harness.leaderboard.replicates import (
    complete_replicates,
    concatenated,
    fold_values,
    joined_values,
    separated,
    separated_class_means,
)
from harness.record import Concatenation, Searched
from harness.store.excerpt import Excerpt

UNLOCKED = "unlocked"


def build_row(
    runs: Sequence[Excerpt],
    concatenations: Mapping[tuple[str, ...], Concatenation],
    *,
    folds: int,
    replicates: int,
) -> Row:
    """Aggregate the runs of one row, of which there is at least one."""
    found = commons(runs)
    identity = found[0].identity
    complete = complete_replicates(runs, folds)
    metrics = separated(complete)
    joined = joined_values(complete, concatenations)
    return Row(
        method=identity.method,
        label=identity.method,
        distribution=identity.distribution,
        version=identity.version,
        source=identity.source,
        hyperparameters=identity.hyperparameters,
        chosen_by=tuple(sorted({common.chosen_by for common in found})),
        declared=found[0].declared,
        metrics=metrics,
        class_means=Deferred(lambda: separated_class_means(complete)),
        concatenated=concatenated(joined),
        runs=_runs(runs, expected=folds * replicates),
        failures=failures_of(runs),
        cost=_cost(runs, _searches(runs)),
        flags=_flags(runs, metrics, len(complete)),
        fold_values=fold_values(complete),
        joined_values=joined,
        run_ids={seed: tuple(run.run_id for run in folds) for seed, folds in complete.items()},
    )


def _runs(runs: Sequence[Excerpt], *, expected: int) -> Runs:
    states = [run.state for run in runs]
    return Runs(
        done=states.count("done"),
        failed=states.count("failed"),
        skipped=states.count("skipped"),
        expected=max(expected, len(runs)),
    )


def _searches(runs: Iterable[Excerpt]) -> list[Searched]:
    """The searches that the replicates come from, each once."""
    found = (run.common.searched for run in runs)
    searches = {searched.search: searched for searched in found if searched is not None}
    return [searches[search] for search in sorted(searches)]


def _cost(runs: Iterable[Excerpt], searches: Sequence[Searched]) -> Cost | None:
    done = [run for run in runs if run.state == "done"]
    spent = [run.spent for run in done if run.spent is not None]
    owned = [run.common.parameters for run in done if run.common.parameters is not None]
    if not spent:
        return None
    steps = sum(one.steps for one in spent)
    peaks = [one.peak_memory_bytes for one in spent if one.peak_memory_bytes is not None]
    return Cost(
        training_seconds=_mean([one.training_seconds for one in spent]),
        seconds=_mean([one.seconds for one in spent]),
        images_embedded=_mean([one.images_embedded for one in spent]),
        backward_passes_per_step=sum(one.backward_passes for one in spent) / steps
        if steps
        else 0.0,
        trunk_parameters=_mean([parameters.trunk for parameters in owned]),
        head_parameters=_mean([parameters.head for parameters in owned]),
        objective_parameters=_mean([parameters.objective for parameters in owned]),
        peak_memory_bytes=max(peaks, default=None),
        search_seconds=math.fsum(s.seconds for s in searches) if searches else None,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _flags(runs: Sequence[Excerpt], metrics: Intervals, replicates: int) -> tuple[str, ...]:
    """Marks of a row: what a reader must know beside its numbers."""
    found = commons(runs)
    flags: list[str] = []
    members = found[0].declared.members
    if members > 1:
        flags.append(f"ensemble of {members}")
    collapsed = sum(run.collapsed for run in runs)
    if collapsed:
        flags.append(f"collapsed in {collapsed} of {len(runs)} runs")
    if any(common.chosen_by == "given" for common in found):
        flags.append("hyperparameters by hand")
    for search in _searches(runs):
        if search.on_bound:
            flags.append(f"best on a bound: {', '.join(search.on_bound)}")
        if search.failed:
            flags.append(f"{search.failed} of {search.trials} trials failed")
    flags += [
        f"{name} missing in {replicates - interval.n} of {replicates} replicates"
        for name, interval in metrics.items()
        if interval.n < replicates
    ]
    if found[0].identity.unlocked:
        flags.append(UNLOCKED)
    return tuple(dict.fromkeys(flags))
