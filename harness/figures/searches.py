"""Search history: what each trial of a hyperparameter search brought, and the best so far."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

from harness.figures.sources import Entry
from harness.record import Record


@dataclass(frozen=True)
class Tried:
    """One trial; `value`: the mean validation value of its folds, None if one ended without."""

    trial: int
    value: float | None


@dataclass(frozen=True)
class SearchHistory:
    """One search of an entry: its finished trials in order."""

    search: int
    trials: tuple[Tried, ...]

    @property
    def best(self) -> list[float | None]:
        """The highest value up to each trial, None before the first."""
        return list(accumulate((trial.value for trial in self.trials), _higher))


def search_histories(entry: Entry) -> list[SearchHistory]:
    """The searches of an entry; none of a method that the protocol or the data do not admit."""
    found: dict[int, dict[int, list[Record]]] = {}
    for record in entry.trials:
        search, trial = record.identity.search, record.identity.trial
        if search is not None and trial is not None and record.state != "skipped":
            found.setdefault(search, {}).setdefault(trial, []).append(record)
    histories = (SearchHistory(search, _tried(found[search])) for search in sorted(found))
    return [history for history in histories if history.trials]


def search_metric(entries: Sequence[Entry]) -> str | None:
    """The metric that trials were compared by, None if none is known."""
    metrics = {search.metric for entry in entries for search in entry.searches()} | {
        r.selected.metric for e in entries for r in e.trials if r.selected is not None
    }
    return next(iter(metrics), None)


def _higher(best: float | None, value: float | None) -> float | None:
    known = [one for one in (best, value) if one is not None]
    return max(known, default=None)


def _tried(trials: dict[int, list[Record]]) -> tuple[Tried, ...]:
    finished = ((trial, _finished(trials[trial])) for trial in sorted(trials))
    return tuple(Tried(trial, _value(folds)) for trial, folds in finished if folds)


def _finished(records: Sequence[Record]) -> list[Record]:
    """All folds of the point that was tried last; none while a fold is outstanding.

    A trial is tried at another point once an earlier one, repeated, has brought another value.
    """
    points: dict[str, list[Record]] = {}
    for record in records:
        point = json.dumps(record.identity.hyperparameters, sort_keys=True)
        points.setdefault(point, []).append(record)
    complete = [folds for folds in points.values() if len(folds) == folds[0].folds]
    return complete[-1] if complete else []


def _value(folds: Sequence[Record]) -> float | None:
    values = [r.validation for r in folds if r.state == "done" and r.validation is not None]
    return fmean(values) if len(values) == len(folds) else None
