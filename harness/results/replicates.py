"""The scores of a row's replicates: by name, by fold, as intervals, as one array, until a look."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from harness.record import Concatenation, Record, mean_validation
from harness.results.telling import interval_of
from harness.statistics.intervals import Interval
from harness.store.excerpts import CommonFacts, Excerpt, all_values

Floats = npt.NDArray[np.float64]
Key = TypeVar("Key")
Value = TypeVar("Value")
Run = TypeVar("Run")
Values = Mapping[str, float | None]
Intervals = Mapping[str, Interval]
ByFold = Mapping[int, Sequence[Values]]
Replicates = Mapping[int, Sequence[Excerpt]]
Table = tuple[tuple[str, ...], Sequence[float | None]]  # names, and their values


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


def tried(trials: Iterable[Record]) -> dict[int, tuple[Record, float | None]]:
    """Each trial of one search, in order: a run of it, and its value, None where a fold has none.

    The value is the mean over folds of the validation of what was selected. A trial counts once
    all its folds are there: as many as others have, or as the protocol has where it is the first,
    since a search may take fewer. It may have been tried at another point once an earlier
    trial, repeated, had brought another value: the last point counts.
    """
    points: dict[int, dict[str, list[Record]]] = {}
    for record in trials:
        assert record.identity.trial is not None
        point = json.dumps(record.identity.hyperparameters, sort_keys=True)
        points.setdefault(record.identity.trial, {}).setdefault(point, []).append(record)
    runs = [runs for by_point in points.values() for runs in by_point.values()]
    most = (
        max(map(len, runs)) if len(points) > 1 else max((one[0].folds for one in runs), default=0)
    )
    found = {}
    for trial, by_point in sorted(points.items()):
        complete = [runs for runs in by_point.values() if len(runs) == most]
        if complete:
            found[trial] = complete[-1][0], mean_validation(complete[-1])
    return found


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
    return _separated([[(tuple(one), list(one.values()))] for one in joined.values()])


def fold_values(replicates: Replicates) -> dict[int, tuple[Values, ...]]:
    """Every metric of each seed, fold by fold."""
    return _by_fold(replicates, lambda run: (run.common.metrics, run.values))


def class_values(replicates: Replicates) -> dict[int, tuple[Values, ...]]:
    """The same for the metrics that are averaged over classes."""
    return _by_fold(replicates, lambda run: (run.common.class_means, run.class_means))


def _by_fold(
    replicates: Replicates, table: Callable[[Excerpt], Table]
) -> dict[int, tuple[Values, ...]]:
    places: dict[int, dict[str, int]] = {}

    def named(run: Excerpt) -> Values:
        names, values = table(run)
        known = places.get(id(run.common))
        if known is None:
            known = places[id(run.common)] = dict(zip(names, range(len(names)), strict=True))
        return Named(known, values)

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
    """The intervals over replicates, all of as many folds, of every name.

    A replicate that lacks a value in some fold is left out, because a mean of the others would
    flatter.
    """
    folds = len(replicates[0]) if replicates else 1
    columns = _columns([table for replicate in replicates for table in replicate])
    return {
        name: interval_of(
            [own for own in zip(*[iter(column)] * folds, strict=True) if None not in own]
        )
        for name, column in columns.items()
    }


def _columns(tables: Sequence[Table]) -> dict[str, Sequence[float | None]]:
    """The values of every name in all of the tables; None where one lacks it."""
    names = tables[0][0] if tables else ()
    if all([own is names or own == names for own, _ in tables]):  # noqa: C419 - a third of the time
        return dict(zip(names, zip(*(values for _, values in tables), strict=True), strict=True))
    found = [dict(zip(own, values, strict=True)) for own, values in tables]
    every = dict.fromkeys(name for values in found for name in values)
    return {name: [values.get(name) for values in found] for name in every}


def score_array(
    rows: Sequence[ByFold], metric: str
) -> tuple[tuple[int, ...], npt.NDArray[np.float64]]:
    """One metric of m rows, given by seed and fold: the seeds that any has, and (m, s, f).

    NaN where a row has no such replicate, and where a value is missing or not finite. f is the
    number of folds, 1 for joined ones.
    """
    seeds = tuple(sorted({seed for values in rows for seed in values}))
    folds = max((len(runs) for values in rows for runs in values.values()), default=1)
    columns = {seed: column for column, seed in enumerate(seeds)}
    array = np.full((len(rows), len(seeds), folds), np.nan)
    for place, values in enumerate(rows):
        if values:
            scores = [[run.get(metric) for run in runs] for runs in values.values()]
            found = np.array(scores, np.float64)  # None becomes NaN
            array[place, [columns[seed] for seed in values], : found.shape[1]] = found
    return seeds, np.where(np.isfinite(array), array, np.nan)


class Deferred(Mapping[Key, Value], Generic[Key, Value]):
    """The mapping that `make` returns, made when it is first read."""

    def __init__(self, make: Callable[[], Mapping[Key, Value]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[Key, Value]:
        return self._make()

    def __getitem__(self, key: Key) -> Value:
        return self._made[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __repr__(self) -> str:
        return repr(self._made)


class Named(Mapping[str, Value], Generic[Value]):
    """A sequence by name: `places` says where each name's value is, and may serve many of them."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: Sequence[Value]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> Value:
        return self._values[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))


# Whoever adds seeds and reads again until something is told apart tells too much. Where the looks
# were declared beforehand, the level is shared among them (`statistics.pairs.all_pairs`), and
# between two of them nothing new is told.


def declared_looks(found: Iterable[CommonFacts]) -> tuple[int, ...]:
    """All looks that any of the runs was made for: whoever looked more often has paid for all."""
    return tuple(sorted({look for common in found for look in common.looks}))


def last_look(runs: Sequence[Excerpt], looks: Sequence[int], folds: int) -> int | None:
    """The last of the looks that a row's runs have all ended for, 0 before; None without looks."""
    if not looks:
        return None
    ended = {(run.seed, run.fold) for run in runs}
    whole = [look for look in looks if sum(seed < look for seed, _ in ended) >= look * folds]
    return max(whole, default=0)


def asked_for(runs: Sequence[Excerpt], looks: Sequence[int], replicates: int) -> int:
    """How many replicates a row is to have by the look that it is on the way to."""
    begun = 1 + max((run.seed for run in runs), default=0)
    return min((look for look in looks if look >= begun), default=replicates)


def at_looks(values: Floats, seeds: Sequence[int], looked: Sequence[int | None]) -> Floats:
    """`values` (m, s, f), NaN where a row's seed is of no look that it has finished."""
    there = [[last is None or seed < last for seed in seeds] for last in looked]
    return np.where(np.array(there, bool).reshape(len(looked), len(seeds), 1), values, np.nan)


def look_notes(looked: Sequence[int | None], looks: Sequence[int]) -> Iterator[str]:
    """How the level is shared, and which rows got no more seeds."""
    if not looks:
        return
    listed = ", ".join(map(str, looks))
    counts = {look: looked.count(look) for look in looks}
    stood = ", ".join(f"{count} of the rows at {look}" for look, count in counts.items() if count)
    yield (
        f"looked at after {listed} seeds: {len(looks)} looks share the 5 %, and rows that a look "
        f"shows not to be the best get no more seeds ({stood or 'none has reached the first'})"
    )
