"""From the runs of one method to intervals over its replicates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.leaderboard.board import Values
from harness.record import Concatenation, Record, Scores
from harness.statistics import Interval, t_interval

Replicates = Mapping[int, Sequence[Record]]


def complete_replicates(records: Iterable[Record], folds: int) -> dict[int, list[Record]]:
    """The runs of every seed whose folds are all done, in fold order."""
    by_seed: dict[int, dict[int, Record]] = {}
    for record in records:
        if record.state == "done" and record.scores is not None:
            by_seed.setdefault(record.identity.seed, {})[record.identity.fold] = record
    return {
        seed: [runs[fold] for fold in range(folds)]
        for seed, runs in sorted(by_seed.items())
        if runs.keys() >= set(range(folds))
    }


def separated(replicates: Replicates) -> dict[str, Interval]:
    """Every metric, averaged over the folds of a replicate: the interval over replicates."""
    return _intervals(_fold_means(runs, all_values) for runs in replicates.values())


def separated_class_means(replicates: Replicates) -> dict[str, Interval]:
    """The same for the metrics that are averaged over classes instead of queries."""
    return _intervals(_fold_means(runs, _class_means) for runs in replicates.values())


def concatenated(
    replicates: Replicates, concatenations: Mapping[tuple[str, ...], Concatenation]
) -> dict[str, Interval]:
    """Every metric of the joined embeddings: the interval over replicates that have them."""
    return _intervals(joined_values(replicates, concatenations).values())


def fold_values(replicates: Replicates) -> dict[int, tuple[Values, ...]]:
    """Every metric of each seed, fold by fold."""
    return {
        seed: tuple(all_values(run.scores) for run in runs if run.scores is not None)
        for seed, runs in replicates.items()
    }


def joined_values(
    replicates: Replicates, concatenations: Mapping[tuple[str, ...], Concatenation]
) -> dict[int, Values]:
    """Every metric of the joined embeddings of each seed that has them."""
    if not concatenations:
        return {}
    keys = {seed: tuple(run.run_id for run in runs) for seed, runs in replicates.items()}
    return {
        seed: all_values(concatenations[key].scores)
        for seed, key in keys.items()
        if key in concatenations
    }


def all_values(scores: Scores) -> Values:
    """Locked metrics and those of plugins; a plugin cannot shadow a locked one."""
    return {**scores.extra, **scores.values}


def _class_means(scores: Scores) -> Values:
    return scores.class_means


def _fold_means(runs: Sequence[Record], values_of: Callable[[Scores], Values]) -> Values:
    folds = [values_of(run.scores) for run in runs if run.scores is not None]
    names = dict.fromkeys(name for values in folds for name in values)
    return {name: _mean([values.get(name) for values in folds]) for name in names}


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean; None where a value is missing, because a mean of the others would flatter."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _intervals(replicates: Iterable[Values]) -> dict[str, Interval]:
    found: dict[str, list[float]] = {}
    for values in replicates:
        for name, value in values.items():
            known = found.setdefault(name, [])
            if value is not None and math.isfinite(value):
                known.append(value)
    return {name: t_interval(values) for name, values in found.items()}
