"""Several stores and published files into one store, so that a long board can be made in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.artifacts import Arrays
from harness.errors import UserError
from harness.record import Record
from harness.results.class_sums import CLASS_METRICS, arrays_of_sums
from harness.results.source import RecordsSource, Source, StoreSource
from harness.store import Store


@dataclass
class Merged:
    """What came of one source: runs added, there already, and of these with other scores."""

    name: str
    added: int = 0
    there: int = 0
    differing: int = 0

    @property
    def sentence(self) -> str:
        """In words."""
        there = f", {self.there} were there" if self.there else ""
        differing = (
            f", {self.differing} of them with other scores: those that were there stay"
            if self.differing
            else ""
        )
        return f"{self.name}: {self.added} runs added{there}{differing}"


def merge(source: Source, into: Store) -> Merged:
    """Put the runs of a store or a published file into a store, with their arrays.

    A run that is there already stays, unless it ended without scores and the other did not. Of a
    published file only the scores by class come along, which is what comparing and publishing
    need; embeddings are not in it. Raises UserError for a source that is the store itself.
    """
    if isinstance(source, StoreSource):
        if source.store.path.resolve() == into.path.resolve():
            raise UserError(f"{source.name}: cannot be merged into itself")
        runs, joined = _stored(source.store), source.store.concatenations()
    else:
        runs, joined = _published(source), list(source.joined)
    into.require_writable()
    found = Merged(source.name)
    known = into.run_states()
    for record, arrays in runs:
        state = known.get(record.run_id)
        better = state is not None and state != "done" and record.state == "done"
        if state is None or better:
            into.put(record, arrays, replace=better)
            found.added += 1
            continue
        found.there += 1
        stored = into.record(record.run_id)
        found.differing += stored is not None and _scores(stored) != _scores(record)
    held = into.run_states().keys()
    for one in joined:
        # Without the runs that something else changed, which were left out.
        if held >= set(one.run_ids) and into.concatenation(one.run_ids) is None:
            into.put_concatenation(one)
    return found


def _stored(store: Store) -> Iterator[tuple[Record, Arrays | None]]:
    for trials in (False, True):
        for record in store.records(trials=trials):
            arrays = store.arrays(record) if record.artifact else None
            yield record.model_copy(update={"artifact": None}), arrays


def _published(source: RecordsSource) -> Iterator[tuple[Record, Arrays | None]]:
    for record in source.found:
        sums = {metric: source.class_sums(record.run_id, metric) for metric in CLASS_METRICS}
        yield record, arrays_of_sums({name: one for name, one in sums.items() if one is not None})
    for trial in source.tried:
        yield trial, None


def _scores(record: Record) -> dict[str, float] | None:
    return None if record.scores is None else record.scores.values
