"""`Board` and its rows: plain frozen data, ready to be shown, compared or written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unknown
from harness.metrics import (
    RANKED_BY,
    MetricFacts,
    direction_of,
    find_metric,
    in_order,
    metric_facts,
)
from harness.record import Declared, Searched, Told
from harness.results.replicates import Intervals, Values, at_looks, score_array
from harness.results.telling import Floats, Telling, tell

if TYPE_CHECKING:
    import pandas

Aggregate = Literal["separated", "concatenated"]
Hyperparameters = Mapping[str, float | int | str | bool]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How the runs of a row ended, of how many that were asked for."""

    done: int
    failed: int
    skipped: int
    expected: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Runs that ended without scores for one kind of reason, with the first one's message."""

    state: Literal["failed", "skipped"]
    kind: str
    count: int
    message: str


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Means over the runs done: what a run of the method cost.

    Parameters are the trainable ones; `peak_memory_bytes` is the largest of the runs that know it.
    `processor_seconds` is of those that know it, None where none does.
    `search_seconds` is what the searches for its hyperparameters took in all, None without any.
    `by_a_quarter` is how fast it learns: the share of the selected validation score that was there
    after a quarter of the steps, over the runs that know it, None where none does.
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
    processor_seconds: float | None = None
    by_a_quarter: float | None = None

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
    By the ranking metric, and None on a board, or for a row, without two replicates: `best`, that
    it may be the best of the board; `ties`, letters shared with whoever it cannot be told apart
    from; `ranks`, the lowest and highest that it may truly have. `searches`: those that its
    replicates come from. `looked`: of how many seeds the last declared look was for which all its
    runs have ended, which alone decide what is told; None where no looks were declared.

    `fold_values`, `class_values`, `joined_values` and `run_ids` are by seed and hold what the
    intervals were made of: every complete replicate's values fold by fold, those of its joined
    folds, its runs' ids. `members`: ids of all its runs, whatever became of them.
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
    best: bool | None = None
    ties: str | None = None
    ranks: tuple[int, int] | None = None
    searches: tuple[Searched, ...] = ()
    looked: int | None = None
    fold_values: Mapping[int, tuple[Values, ...]] = field(default_factory=dict)
    class_values: Mapping[int, tuple[Values, ...]] = field(default_factory=dict)
    joined_values: Mapping[int, Values] = field(default_factory=dict)
    run_ids: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    members: tuple[str, ...] = ()

    @property
    def by_seeds(self) -> bool:
        """Whether seeds and not runs are its units: the folds of one search share what it found."""
        return len(self.searches) > 1

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
class Board:
    """The Records of one protocol and dataset, aggregated; best row by `ranked_by` first.

    Rows that have fewer replicates than others stand below those, whatever they score.
    `unlocked` names the protocol values overridden on the command line; `remarks` are sentences
    that belong under the table, beside those that follow from its rows (`results/notes.py`).
    `told`: what Records say of plugins' metrics. `looks`: the declared numbers of replicates at
    which it is read; none: once. `trunk`: the plugin that gave the trunk, empty for the core's.
    `source`: where it was read from, for people. `beside`: those remarks that say what the source
    holds and the board does not show.
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
    told: Mapping[str, Told] = field(default_factory=dict)
    looks: tuple[int, ...] = ()
    ranked_by: str = RANKED_BY
    trunk: str = ""
    source: str = ""
    beside: tuple[str, ...] = ()
    _tellings: dict[tuple[str, bool], Telling] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.aggregate not in get_args(Aggregate):
            raise unknown("aggregate", str(self.aggregate), get_args(Aggregate))

    def __repr__(self) -> str:
        return f"<Board {self.protocol} on {self.dataset}: {len(self.rows)} rows>"

    def __str__(self) -> str:
        from harness.results.display import render_board

        return render_board(self, "table")

    def _repr_html_(self) -> str:
        """The board as a person reads it, in a notebook."""
        from harness.results.display import display_table
        from harness.table import to_html

        return to_html(display_table(self))

    def to_frame(self) -> pandas.DataFrame:
        """One row a method, best first, by its label; the columns are those of the CSV format.

        Of each metric `_mean`, `_low`, `_high` (95 % interval) and `_n`, the replicates it is
        over; then runs, costs and marks.
        """
        import pandas

        from harness.results.display import wide_table

        labels = pandas.Index([row.label for row in self.rows], name="label")
        return pandas.DataFrame(wide_table(self).rows, index=labels)

    @property
    def notes(self) -> tuple[str, ...]:
        """All sentences that belong under the table, the gravest first."""
        from harness.results.notes import notes_of

        return notes_of(self, self.rows)

    @property
    def metrics(self) -> list[str]:
        """Every metric that some row has, in the order in which they are shown."""
        return in_order(name for row in self.rows for name in row.scores(self.aggregate))

    def metric(self, text: str, *, where: str = "--metric") -> MetricFacts:
        """The metric that a person means by a name or title; UserError if the board lacks it.

        A board without any scores takes any.
        """
        known = self.metrics
        return self.facts(find_metric(text, known, where=where) if known else text)

    def facts(self, name: str) -> MetricFacts:
        """What is known of a metric."""
        return metric_facts(name, self.told)

    def row(self, name: str) -> int:
        """The place of a row by its label, or by its method if that has one row; UserError."""
        labels = [row.label for row in self.rows]
        if name in labels:
            return labels.index(name)
        found = [place for place, row in enumerate(self.rows) if row.method == name]
        if not found:
            raise unknown("method", name, labels, where=f"{self.protocol} on {self.dataset}")
        if len(found) > 1:
            listed = "; ".join(labels[place] for place in found)
            raise UserError(f"'{name}' stands for {len(found)} rows, name one of them: {listed}")
        return found[0]

    def places(self, names: Iterable[str]) -> list[int]:
        """Places of the rows of these methods or labels, in the board's order; UserError.

        Every name that no row has is in the one error.
        """
        wanted = list(names)
        known = {name for row in self.rows for name in (row.label, row.method)}
        missing = [name for name in wanted if name not in known]
        if missing:
            raise unknown("method", missing, known, where=f"{self.protocol} on {self.dataset}")
        return [
            place
            for place, row in enumerate(self.rows)
            if row.label in wanted or row.method in wanted
        ]

    def values(self, metric: str) -> tuple[tuple[int, ...], Floats]:
        """The seeds that any row has, and the metric of all rows as float64 (m, s, f)."""
        return score_array([row.values(self.aggregate) for row in self.rows], metric)

    def telling(self, metric: str, *, higher_is_better: bool | None = None) -> Telling:
        """What the values of a metric tell of the rows, best first; computed once.

        `higher_is_better` is needed only where nothing recorded says. Raises UserError without.
        """
        facts = self.facts(metric)
        upward = direction_of(facts, higher_is_better)
        if (metric, upward) not in self._tellings:
            seeds, values = self.values(metric)
            looked = [row.looked for row in self.rows]
            labels = [row.label for row in self.rows]
            order = best_first(values, labels, higher_is_better=upward)
            self._tellings[metric, upward] = tell(
                at_looks(values, seeds, looked)[order],
                order,
                facts=facts,
                higher_is_better=upward,
                by_seeds=[self.rows[place].by_seeds for place in order],
                looks=max(1, len(self.looks)),
            )
        return self._tellings[metric, upward]


def best_first(values: Floats, labels: Sequence[str], *, higher_is_better: bool) -> list[int]:
    """Places of rows by a metric's values (m, s, f): the one order in which rows are ranked.

    Complete rows first, then those with fewer replicates than another has, then those without a
    value; in each the best mean first, and by label where means are equal.
    """
    replicates = values.mean(axis=2)
    counts = replicates_of(values)
    means = np.nansum(replicates, axis=1) / np.maximum(counts, 1)
    most = counts.max(initial=0)
    sign = -1.0 if higher_is_better else 1.0
    return sorted(
        range(len(values)),
        key=lambda row: (
            bool(counts[row] == 0),
            bool(counts[row] < most),
            sign * float(means[row]),
            labels[row],
        ),
    )


def replicates_of(values: Floats) -> npt.NDArray[np.int64]:
    """How many complete replicates rows have, by a metric's values (m, s, f): int64 (m,)."""
    return np.asarray(np.isfinite(values.mean(axis=2)).sum(axis=1), dtype=np.int64)
