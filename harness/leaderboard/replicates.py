"""From the runs of one method to intervals over its replicates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from harness.leaderboard.board import Values
from harness.leaderboard.lazily import Named
from harness.record import Concatenation, Record
from harness.statistics import Interval, t_interval
from harness.store.excerpt import Excerpt, all_values

Run = TypeVar("Run")
Replicates = Mapping[int, Sequence[Excerpt]]
Table = tuple[tuple[str, ...], Sequence[float | None]]  # names, and their values
Columns = Mapping[str, Sequence[float | None]]


def complete_replicates(runs: Iterable[Excerpt], folds: int) -> dict[int, list[Excerpt]]:
    """The runs of every seed whose folds are all done, in fold order."""
    return _complete(((run.seed, run.fold, run) for run in runs if run.scored), folds)


def complete_records(records: Iterable[Record], folds: int) -> dict[int, list[Record]]:
    """The same of Records."""
    return _complete(
        (
            (record.identity.seed, record.identity.fold, record)
            for record in records
            if record.state == "done" and record.scores is not None
        ),
        folds,
    )


def separated(replicates: Replicates) -> dict[str, Interval]:
    """Every metric, averaged over the folds of a replicate: the interval over replicates."""
    return _separated(
        [[(run.common.metrics, run.values) for run in runs] for runs in replicates.values()]
    )


def separated_class_means(replicates: Replicates) -> dict[str, Interval]:
    """The same for the metrics that are averaged over classes instead of queries."""
    return _separated(
        [
            [(run.common.class_means, run.class_means) for run in runs]
            for runs in replicates.values()
        ]
    )


def concatenated(joined: Mapping[int, Values]) -> dict[str, Interval]:
    """Every metric of the joined embeddings, by seed: the interval over replicates."""
    return _intervals(_columns([(tuple(one), list(one.values())) for one in joined.values()]))


def fold_values(replicates: Replicates) -> dict[int, tuple[Values, ...]]:
    """Every metric of each seed, fold by fold."""
    places: dict[int, dict[str, int]] = {}

    def named(run: Excerpt) -> Values:
        known = places.get(id(run.common))
        if known is None:
            names = run.common.metrics
            known = places[id(run.common)] = dict(zip(names, range(len(names)), strict=True))
        return Named(known, run.values)

    return {seed: tuple(map(named, runs)) for seed, runs in replicates.items()}


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


def _complete(placed: Iterable[tuple[int, int, Run]], folds: int) -> dict[int, list[Run]]:
    by_seed: dict[int, dict[int, Run]] = {}
    for seed, fold, run in placed:
        by_seed.setdefault(seed, {})[fold] = run
    return {
        seed: [runs[fold] for fold in range(folds)]
        for seed, runs in sorted(by_seed.items())
        if runs.keys() >= set(range(folds))
    }


def _separated(replicates: Sequence[Sequence[Table]]) -> dict[str, Interval]:
    """The intervals over replicates, all of as many folds, of every name's mean over folds."""
    folds = len(replicates[0]) if replicates else 1
    columns = _columns([table for replicate in replicates for table in replicate])
    return _intervals({name: _means(column, folds) for name, column in columns.items()})


def _means(column: Sequence[float | None], folds: int) -> list[float | None]:
    """The mean of each `folds` values in turn.

    None where a value is missing, because a mean of the others would flatter.
    """
    replicates = zip(*[iter(column)] * folds, strict=True)
    if None in column:
        return [None if None in values else math.fsum(values) / folds for values in replicates]
    return [total / folds for total in map(math.fsum, replicates)]


def _columns(tables: Sequence[Table]) -> Columns:
    """The values of every name in all of the tables; None where one lacks it."""
    names = tables[0][0] if tables else ()
    if all([own is names or own == names for own, _ in tables]):  # noqa: C419 - a third of the time
        return dict(zip(names, zip(*(values for _, values in tables), strict=True), strict=True))
    found = [dict(zip(own, values, strict=True)) for own, values in tables]
    every = dict.fromkeys(name for values in found for name in values)
    return {name: [values.get(name) for values in found] for name in every}


def _intervals(columns: Columns) -> dict[str, Interval]:
    return {name: t_interval(_finite(values)) for name, values in columns.items()}


def _finite(values: Sequence[float | None]) -> Sequence[float]:
    known = [value for value in values if value is not None]
    # One sum tells of them all in most cases: it is finite only if each of them is.
    if math.isfinite(sum(known)):
        return known
    return [value for value in known if math.isfinite(value)]
