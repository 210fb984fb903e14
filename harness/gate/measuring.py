"""From two sides' Records of one method to the difference of a metric."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.gate.decision import Difference
from harness.gate.metrics import GatedMetric
from harness.record import Record
from harness.results.replicates import complete_records
from harness.statistics import paired_differences

Starts = tuple[str | None, ...]


@dataclass(frozen=True)
class Replicates:
    """A metric by seed, its folds averaged, and the digests of the weights each fold began with.

    `left_out`: seeds whose folds are not all done, or not all measured.
    """

    values: Mapping[int, float]
    starts: Mapping[int, Starts]
    left_out: tuple[int, ...]


def measure(records: Sequence[Record], metric: GatedMetric) -> Replicates:
    """What one method's runs say of a metric."""
    values: dict[int, float] = {}
    starts: dict[int, Starts] = {}
    folds = records[0].folds if records else 1
    for seed, runs in complete_records(records, folds).items():
        found = [metric.value(run) for run in runs]
        known = [value for value in found if value is not None]
        if len(known) == len(found):
            values[seed] = math.fsum(known) / len(known)
            starts[seed] = tuple(run.init_digest for run in runs)
    seeds = {record.identity.seed for record in records}
    return Replicates(values, starts, tuple(sorted(seeds - values.keys())))


def difference_of(baseline: Replicates, candidate: Replicates) -> Difference | None:
    """The difference over replicates; None where a side has none.

    Paired by seed and fold where at least two replicates started from the same weights in every
    fold (or there is but that one), else Welch's.
    """
    if not baseline.values or not candidate.values:
        return None
    shared = _shared(baseline, candidate)
    enough = min(len(baseline.values), len(candidate.values)) > 1
    if len(shared) > 1 or (shared and not enough):
        return _paired(
            [baseline.values[seed] for seed in shared],
            [candidate.values[seed] for seed in shared],
        )
    return _welch(list(baseline.values.values()), list(candidate.values.values()))


def unpaired_seeds(baseline: Replicates, candidate: Replicates) -> tuple[int, int]:
    """How many replicates of each side have no partner on the other."""
    shared = len(_shared(baseline, candidate))
    return len(baseline.values) - shared, len(candidate.values) - shared


def _shared(baseline: Replicates, candidate: Replicates) -> list[int]:
    return [
        seed
        for seed in sorted(baseline.values.keys() & candidate.values.keys())
        if baseline.starts[seed] == candidate.starts[seed] and None not in baseline.starts[seed]
    ]


def _paired(baseline: Sequence[float], candidate: Sequence[float]) -> Difference:
    changes = paired_differences(candidate, baseline).tolist()
    n = len(changes)
    return Difference(
        baseline=_mean(baseline),
        candidate=_mean(candidate),
        mean=_mean(changes),
        standard_error=statistics.stdev(changes) / math.sqrt(n) if n > 1 else None,
        degrees=n - 1 if n > 1 else None,
        basis="paired replicates",
        units=n,
    )


def _welch(baseline: Sequence[float], candidate: Sequence[float]) -> Difference:
    """Welch's standard error and degrees of freedom (Welch 1947)."""
    parts = [
        (statistics.variance(v) / len(v), len(v) - 1) for v in (baseline, candidate) if len(v) > 1
    ]
    known = len(parts) == 2
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / degrees for part, degrees in parts)
    fewest = min(len(baseline), len(candidate))
    return Difference(
        baseline=_mean(baseline),
        candidate=_mean(candidate),
        mean=_mean(candidate) - _mean(baseline),
        standard_error=math.sqrt(total) if known else None,
        degrees=(total**2 / spread if spread else float(fewest - 1)) if known else None,
        basis="unpaired replicates",
        units=fewest,
    )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found)
