"""From two sides' Records of one method to the difference of a metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.gate.decision import Difference
from harness.gate.metrics import GatedMetric
from harness.record import Record
from harness.results.replicates import complete_records
from harness.statistics import fold_units, paired_differences, seed_effect

Floats = npt.NDArray[np.float64]
Starts = tuple[str | None, ...]


@dataclass(frozen=True)
class MetricBySeed:
    """A metric by seed, fold by fold, and the digests of the weights each fold began with.

    `left_out`: seeds whose folds are not all done, or not all measured. `by_seeds`: whether seeds
    are the units, because the folds of one search share what it found.
    """

    values: Mapping[int, tuple[float, ...]]
    starts: Mapping[int, Starts]
    left_out: tuple[int, ...]
    by_seeds: bool = False


@dataclass(frozen=True, kw_only=True)
class Units:
    """What the lines of a gate tell of runs together: see `harness.statistics`.

    `folds`: how many equally noisy folds a replicate's amount to, None for all of them. `excess`:
    what a variance within folds is multiplied by. `by_seeds`: seeds are the units.
    """

    folds: float | None = None
    excess: float = 1.0
    by_seeds: bool = False


def units_of(pairs: Iterable[tuple[MetricBySeed, MetricBySeed]]) -> Units:
    """Read all lines of one metric together: the changes of those whose replicates are paired, both
    sides' values of the others."""
    rows = [row for pair in pairs for row in _rows(*pair)]
    found = [row for row in rows if len(row) > 1 and np.ptp(row, axis=0).any()]
    if not found:
        return Units()
    folds = max(row.shape[1] for row in found)
    alike = [row for row in found if row.shape[1] == folds]
    board = np.full((len(alike), max(map(len, alike)), folds), np.nan)
    for line, row in zip(board, alike, strict=True):
        line[: len(row)] = row
    effect = seed_effect(board)
    if effect.found:
        return Units(by_seeds=True)
    return Units(folds=fold_units(board, common=False), excess=effect.excess)


def _rows(baseline: MetricBySeed, candidate: MetricBySeed) -> Sequence[Floats]:
    """What `difference_of` takes the noise of within folds, (n, f) each."""
    if baseline.by_seeds or candidate.by_seeds:
        return []
    if _paired_by(baseline, candidate):
        return [_changes(baseline, candidate, _shared(baseline, candidate))]
    return [np.array(list(side.values.values())) for side in (baseline, candidate) if side.values]


def measure(records: Sequence[Record], metric: GatedMetric) -> MetricBySeed:
    """What one method's runs say of a metric."""
    values: dict[int, tuple[float, ...]] = {}
    starts: dict[int, Starts] = {}
    folds = records[0].folds if records else 1
    for seed, runs in complete_records(records, folds).items():
        found = [metric.value(run) for run in runs]
        known = [value for value in found if value is not None]
        if len(known) == len(found):
            values[seed] = tuple(known)
            starts[seed] = tuple(run.init_digest for run in runs)
    seeds = {record.identity.seed for record in records}
    left_out = tuple(sorted(seeds - values.keys()))
    searches = {record.searched.search for record in records if record.searched is not None}
    return MetricBySeed(values, starts, left_out, by_seeds=len(searches) > 1)


def difference_of(
    baseline: MetricBySeed, candidate: MetricBySeed, units: Units | None = None
) -> Difference | None:
    """The difference over replicates, its noise taken within folds; None where a side has none.

    Paired by seed and fold where at least two replicates started from the same weights in every
    fold (or there is but that one), else Welch's.
    """
    if not baseline.values or not candidate.values:
        return None
    units = units or Units()
    if baseline.by_seeds or candidate.by_seeds:
        units = Units(by_seeds=True)
    if _paired_by(baseline, candidate):
        return _paired(baseline, candidate, _shared(baseline, candidate), units)
    return _welch(baseline, candidate, units)


def mean_change(
    pairs: Sequence[tuple[MetricBySeed, MetricBySeed]], units: Units
) -> Difference | None:
    """The mean change of all lines on the seeds that all of them have; None without two, or
    of fewer than three lines, which speak for themselves."""
    seeds = set.intersection(*(set(_shared(*pair)) for pair in pairs)) if pairs else set()
    if len(pairs) < 3 or len(seeds) < 2:
        return None
    before, after = (
        MetricBySeed(
            {
                seed: tuple(np.mean([side[place].values[seed] for side in pairs], axis=0).tolist())
                for seed in seeds
            },
            dict.fromkeys(seeds, ("all",)),
            (),
            by_seeds=any(pair[place].by_seeds for pair in pairs),
        )
        for place in (0, 1)
    )
    return difference_of(before, after, units)


def unpaired_seeds(baseline: MetricBySeed, candidate: MetricBySeed) -> tuple[int, int]:
    """How many replicates of each side have no partner on the other."""
    shared = len(_shared(baseline, candidate))
    return len(baseline.values) - shared, len(candidate.values) - shared


def _paired_by(baseline: MetricBySeed, candidate: MetricBySeed) -> bool:
    """Whether two replicates have a partner, or the only one."""
    shared = len(_shared(baseline, candidate))
    return shared > 1 or (shared == 1 and min(len(baseline.values), len(candidate.values)) == 1)


def _shared(baseline: MetricBySeed, candidate: MetricBySeed) -> list[int]:
    return [
        seed
        for seed in sorted(baseline.values.keys() & candidate.values.keys())
        if baseline.starts[seed] == candidate.starts[seed] and None not in baseline.starts[seed]
    ]


def _changes(baseline: MetricBySeed, candidate: MetricBySeed, seeds: Sequence[int]) -> Floats:
    """Candidate less baseline, (n, f)."""
    before, after = ([side.values[seed] for seed in seeds] for side in (baseline, candidate))
    if not seeds or len({len(folds) for folds in (*before, *after)}) != 1:
        return np.zeros((0, 1))
    return paired_differences(after, before)


def _paired(
    baseline: MetricBySeed, candidate: MetricBySeed, seeds: Sequence[int], units: Units
) -> Difference:
    changes = _changes(baseline, candidate, seeds)
    error, degrees = _noise(changes, units)
    return Difference(
        baseline=_mean(baseline, seeds),
        candidate=_mean(candidate, seeds),
        mean=float(changes.mean()),
        standard_error=error,
        degrees=degrees,
        basis="paired replicates",
        units=len(seeds),
    )


def _noise(values: Floats, units: Units) -> tuple[float | None, float | None]:
    """The standard error of the mean of (n, f), and its degrees; None below two replicates."""
    if units.by_seeds:
        values = values.mean(axis=1, keepdims=True)
    n, folds = values.shape
    if n < 2:
        return None, None
    within = float(np.square(values - values.mean(axis=0)).sum()) / (folds * (n - 1))
    error = math.sqrt(units.excess * within / (n * folds))
    equal = float(folds) if units.folds is None else min(units.folds, float(folds))
    return error, equal * (n - 1)


def _welch(baseline: MetricBySeed, candidate: MetricBySeed, units: Units) -> Difference:
    """Welch's standard error and degrees of freedom (Welch 1947), each side's within folds."""
    sides = [np.array(list(side.values.values())) for side in (baseline, candidate)]
    noise = [_noise(side, units) for side in sides]
    parts = [(error**2, v) for error, v in noise if error is not None and v is not None]
    known = len(parts) == 2
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / degrees for part, degrees in parts)
    fewest = min(map(len, sides))
    means = [_mean(side, side.values) for side in (baseline, candidate)]
    return Difference(
        baseline=means[0],
        candidate=means[1],
        mean=means[1] - means[0],
        standard_error=math.sqrt(total) if known else None,
        degrees=(total**2 / spread if spread else float(fewest - 1)) if known else None,
        basis="unpaired replicates",
        units=fewest,
    )


def _mean(side: MetricBySeed, seeds: Iterable[int]) -> float:
    found = [math.fsum(side.values[seed]) / len(side.values[seed]) for seed in seeds]
    return math.fsum(found) / len(found)
