"""What every plot is made of: a Board's rows, each with the Records behind it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.artifacts import Arrays, RunArray
from harness.data.dataset import Dataset
from harness.errors import NotComparable, UserError, unknown
from harness.metrics import RANKED_BY
from harness.record import Identity, Record
from harness.results import Board, Selector, load_board
from harness.results.board import Aggregate, Row
from harness.results.replicates import Intervals, score_array
from harness.results.source import Source, StoreSource, as_source
from harness.store import Store

NEEDED = (RunArray.TEST_EMBEDDINGS, RunArray.TEST_LABELS)
_PART = (*NEEDED, RunArray.TEST_POSITIONS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One row of a Board, of which it shows `aggregate`, and the Records that the row aggregates.

    `trials`: Records of the searches for its hyperparameters; those that found nothing are at the
    defaults' row.
    """

    row: Row
    aggregate: Aggregate
    records: tuple[Record, ...]
    trials: tuple[Record, ...] = ()

    @property
    def label(self) -> str:
        """What tells the row from all others."""
        return self.row.label

    @property
    def intervals(self) -> Intervals:
        """The intervals that the board shows."""
        return self.row.scores(self.aggregate)

    def values(self, metric: str) -> dict[int, float]:
        """The complete replicates' means over folds by seed; those without one are left out."""
        seeds, values = score_array([self.row.values(self.aggregate)], metric)
        means = values[0].mean(axis=1).tolist()
        return {seed: mean for seed, mean in zip(seeds, means, strict=True) if math.isfinite(mean)}

    @property
    def complete(self) -> dict[int, list[Record]]:
        """The runs of every complete replicate by seed, in fold order."""
        known = {run.run_id: run for run in self.records}
        return {seed: [known[own] for own in ids] for seed, ids in self.row.run_ids.items()}

    @property
    def skipped(self) -> bool:
        """Whether protocol or data lack what the method needs, so that no run of it was tried."""
        runs = self.row.runs
        return runs.skipped > 0 and runs.done == runs.failed == 0

    def representative(self) -> Record | None:
        """The run that stands for the row where only one can be drawn: first seed, first fold."""
        drawable = [r for r in self.records if r.state == "done" and r.artifact is not None]
        return min(drawable, key=lambda r: (r.identity.seed, r.identity.fold), default=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """A Board, best row first, and what its rows were made of."""

    board: Board
    entries: tuple[Entry, ...]

    def scored(self) -> list[Entry]:
        """The entries that have a score to rank by."""
        return [entry for entry in self.entries if entry.values(RANKED_BY)]

    def tried(self) -> Sources:
        """The same without the skipped entries."""
        return self._with(entry for entry in self.entries if not entry.skipped)

    def only(self, names: Iterable[str]) -> Sources:
        """The same with the rows of these methods or labels alone; UserError for an unknown."""
        found = {
            name: {e.label for e in self.entries if name in (e.label, e.row.method)}
            for name in names
        }
        for name in (name for name, labels in found.items() if not labels):
            raise unknown("method", name, [e.label for e in self.entries], where="--methods")
        return self._with(e for e in self.entries if any(e.label in one for one in found.values()))

    def _with(self, entries: Iterable[Entry]) -> Sources:
        kept = tuple(entries)
        board = dataclasses.replace(self.board, rows=tuple(entry.row for entry in kept))
        return Sources(board=board, entries=kept)

    def skipped(self) -> list[Entry]:
        """The skipped entries."""
        return [entry for entry in self.entries if entry.skipped]


def load_sources(
    source: Source | Store,
    *,
    select: Selector | None = None,
    aggregate: Aggregate = "separated",
) -> Sources:
    """Read a Board, the Records of its rows and their trials; UserError as `load_board`.

    A published file holds no embeddings.
    """
    source = as_source(source)
    board = load_board(source, select=select, aggregate=aggregate)
    scopes = [
        scope
        for scope in source.scopes()
        if (scope.protocol_digest, scope.dataset_digest, scope.training_semantics)
        == (board.protocol_digest, board.dataset_digest, board.semantics.training)
    ]
    records = [record for scope in scopes for record in source.records(scope)]
    trials = [record for scope in scopes for record in source.trials(scope)]
    return make_sources(board, records, trials)


def make_sources(board: Board, records: Sequence[Record], trials: Sequence[Record] = ()) -> Sources:
    """Give every row of `board` those of `records` that it aggregates, and its searches' trials."""
    row_of = {run_id: place for place, row in enumerate(board.rows) for run_id in row.members}
    groups = _grouped(records, lambda record: row_of.get(record.run_id))
    tried = _grouped(trials, lambda record: _version(record.identity))
    searched = {_version(row) for row in board.rows if _is_searched(row)}
    entries = [
        Entry(
            row=row,
            aggregate=board.aggregate,
            records=groups.get(place, ()),
            trials=tried.get(_version(row), ())
            if _is_searched(row) or (_version(row) not in searched and "default" in row.chosen_by)
            else (),
        )
        for place, row in enumerate(board.rows)
    ]
    return Sources(board=board, entries=tuple(entries))


def store_of(source: Source) -> Store:
    """The store whose embeddings are wanted; UserError for a published file, which has none."""
    if not isinstance(source, StoreSource):
        raise UserError(f"{source.name}: holds no embeddings to look at; their store does")
    return source.store


def require_dataset(board: Board, data: Dataset) -> None:
    """Raise NotComparable where a dataset is not the one that a board's runs were scored on."""
    if data.digest != board.dataset_digest:
        raise NotComparable(
            f"dataset {board.dataset}: is not the one that the runs were scored on "
            f"({data.digest[:12]} and {board.dataset_digest[:12]})"
        )


def test_part(store: Store, run: Record) -> list[npt.NDArray[Any]]:
    """Embeddings, labels and positions of a run's test part, by position; UserError without."""
    arrays = store.arrays(run)
    for name in _PART:
        if name not in arrays:
            raise UserError(f"run {run.run_id} left no {name}: nothing to look at")
    order = np.argsort(arrays[RunArray.TEST_POSITIONS])
    return [arrays[name][order] for name in _PART]


def read_arrays(store: Store | None, entry: Entry) -> tuple[Record, Arrays] | str:
    """The representative run of an entry with its arrays, or the sentence why there are none."""
    record = entry.representative()
    if record is None or store is None:
        return "no run of it left arrays"
    try:
        arrays = store.arrays(record)
    except UserError as error:
        return str(error)
    missing = [name for name in NEEDED if name not in arrays]
    return f"its run left no {missing[0]}" if missing else (record, arrays)


def _grouped(
    records: Iterable[Record], key: Callable[[Record], Hashable]
) -> dict[Hashable, tuple[Record, ...]]:
    groups: dict[Hashable, list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return {name: tuple(found) for name, found in groups.items()}


def _is_searched(row: Row) -> bool:
    """A row of searched hyperparameters holds replicates of whatever points were found."""
    return "search" in row.chosen_by


def _version(of: Identity | Row) -> tuple[str, ...]:
    return (of.method, of.distribution, of.version, of.source)
