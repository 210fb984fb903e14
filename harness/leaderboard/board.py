"""`Leaderboard` and its rows: plain frozen data, ready to be shown or written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.leaderboard.failures import Failure, failure_notes
from harness.record import Declared
from harness.statistics import Interval

RANKED_BY = "map_at_r"

Aggregate = Literal["separated", "concatenated"]
Intervals = Mapping[str, Interval]
Values = Mapping[str, float | None]
Hyperparameters = Mapping[str, float | int | str | bool]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How the runs of a row ended, of how many that the protocol asks for."""

    done: int
    failed: int
    skipped: int
    expected: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Means over the runs done: what a run of the method cost.

    Parameters are the trainable ones; `peak_memory_bytes` is the largest of the runs that know it.
    `search_seconds` is what the searches for its hyperparameters took in all, None without any.
    """

    training_seconds: float
    seconds: float
    images_embedded: float
    backward_passes_per_step: float
    trunk_parameters: float
    head_parameters: float
    objective_parameters: float
    peak_memory_bytes: int | None
    search_seconds: float | None = None

    @property
    def parameters(self) -> float:
        """Trainable parameters of trunk, head and objective together."""
        return self.trunk_parameters + self.head_parameters + self.objective_parameters


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method as one distribution and version brought it, at one point of its space.

    A row of searched hyperparameters holds all replicates, whatever was found for each.
    `label` is the method's name, and what tells it from other rows of that name where there are
    any. `metrics` and `class_means` are of separate folds averaged, `concatenated` of their
    joined embeddings; each an interval over replicates. `flags` are marks a reader must see.
    `ties` are letters: rows that share one cannot be told apart by the ranking metric; None on a
    board, or for a row, without two replicates.

    `fold_values`, `joined_values` and `run_ids` are by seed and hold what the intervals were made
    of: every complete replicate's values fold by fold, those of its joined folds, its runs' ids.
    """

    method: str
    label: str
    distribution: str
    version: str
    source: str
    hyperparameters: Hyperparameters
    chosen_by: tuple[str, ...]
    declared: Declared
    metrics: Intervals
    class_means: Intervals
    concatenated: Intervals
    runs: Runs
    failures: tuple[Failure, ...]
    cost: Cost | None
    flags: tuple[str, ...]
    ties: str | None = None
    fold_values: Mapping[int, tuple[Values, ...]] = field(default_factory=dict)
    joined_values: Mapping[int, Values] = field(default_factory=dict)
    run_ids: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def scores(self, aggregate: Aggregate) -> Intervals:
        """The metrics of the chosen kind."""
        return self.concatenated if aggregate == "concatenated" else self.metrics

    def values(self, aggregate: Aggregate) -> Mapping[int, tuple[Values, ...]]:
        """The values of each replicate by seed: one entry a fold, or one of the joined folds."""
        if aggregate == "concatenated":
            return {seed: (values,) for seed, values in self.joined_values.items()}
        return self.fold_values


@dataclass(frozen=True)
class Semantics:
    """The harness's versions of training and scoring; `scoring` is None before any score."""

    training: int
    scoring: int | None


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """The Records of one protocol and dataset, aggregated; best row first.

    `unlocked` names the protocol values overridden on the command line; `remarks` are sentences
    that belong under the table, beside those that follow from `unlocked` and the rows' failures.
    """

    protocol: str
    protocol_digest: str
    dataset: str
    dataset_digest: str
    unlocked: tuple[str, ...]
    semantics: Semantics
    folds: int
    replicates: int
    aggregate: Aggregate
    remarks: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """All sentences that belong under the table, the gravest first."""
        failed = failure_notes((row.label, row.failures) for row in self.rows)
        return (*self._unlocked(), *failed, *self.remarks)

    def _unlocked(self) -> tuple[str, ...]:
        if not self.unlocked:
            return ()
        return (
            f"unlocked protocol: {', '.join(self.unlocked)} not as published; "
            "these rows cannot be gated or published",
        )
