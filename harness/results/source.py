"""Where boards are read from: a store, a published file, or Records at hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.record import Concatenation, Identity, Record
from harness.results.key import commons
from harness.store import Scope, Store
from harness.store.excerpts import Excerpt, excerpts_of

if TYPE_CHECKING:
    from harness.results.class_sums import ClassSums
    from harness.results.publication import Publication


SCOPED = [field.name for field in dataclasses.fields(Scope) if field.name != "records"]
"""The facts that tell scopes apart."""


@dataclass(frozen=True)
class StoreSource:
    """An open Store as a Source; `name` is what it is called in errors."""

    store: Store

    @property
    def name(self) -> str:
        """The store's path."""
        return f"store {self.store.path}"

    def scopes(self) -> list[Scope]:
        """What it holds; first what was added to last."""
        return self.store.scopes()

    def runs(self, scope: Scope) -> list[Excerpt]:
        """The replicates of a scope."""
        found = self.store.excerpts(scope)
        shared = commons(found)
        kept = {id(common) for common in shared if _in(common.identity, scope)}
        if len(kept) == len(shared):
            return found
        return [run for run in found if id(run.common) in kept]

    def concatenations(self, scope: Scope) -> list[Concatenation]:
        """The joined folds of a scope."""
        return self.store.concatenations(
            protocol_digest=scope.protocol_digest, dataset=scope.dataset
        )

    def records(self, scope: Scope) -> list[Record]:
        """The Records of a scope's replicates."""
        return self._records(scope, trials=False)

    def trials(self, scope: Scope) -> list[Record]:
        """The Records of a scope's trials."""
        return self._records(scope, trials=True)

    def _records(self, scope: Scope, *, trials: bool) -> list[Record]:
        found = self.store.records(
            protocol_digest=scope.protocol_digest,
            dataset=scope.dataset,
            dataset_digest=scope.dataset_digest,
            training_semantics=scope.training_semantics,
            trials=trials,
        )
        return [record for record in found if _in(record.identity, scope)]

    def class_sums(self, run_id: str, metric: str) -> ClassSums | None:
        """The scores of a run by class, None where there are none; UserError for a damaged file."""
        from harness.results.class_sums import sums_of_arrays

        record = self.store.record(run_id)
        return None if record is None else sums_of_arrays(self.store.arrays(record), metric)


@dataclass(frozen=True)
class RecordsSource:
    """Records at hand as a Source, such as those of a published file."""

    name: str
    found: Sequence[Record]
    joined: Sequence[Concatenation] = ()
    sums: Callable[[str, str], ClassSums | None] = lambda _run_id, _metric: None
    tried: Sequence[Record] = ()

    def scopes(self) -> list[Scope]:
        """Newest first, by when their last run ended."""
        groups: dict[tuple[Any, ...], list[Record]] = {}
        for record in self.found:
            key = tuple(getattr(record.identity, name) for name in SCOPED)
            groups.setdefault(key, []).append(record)
        ordered = sorted(groups.items(), key=lambda item: max(r.finished for r in item[1]))
        return [
            Scope(**dict(zip(SCOPED, key, strict=True)), records=len(found))
            for key, found in reversed(ordered)
        ]

    def runs(self, scope: Scope) -> list[Excerpt]:
        """The excerpts of the Records."""
        return excerpts_of(self.records(scope))

    def concatenations(self, scope: Scope) -> list[Concatenation]:  # noqa: ARG002
        """All that there are: those of other runs are passed over."""
        return list(self.joined)

    def records(self, scope: Scope) -> list[Record]:
        """Those of the scope."""
        return [
            record
            for record in self.found
            if record.identity.trial is None and _in(record.identity, scope)
        ]

    def trials(self, scope: Scope) -> list[Record]:
        """The trials of the scope."""
        return [record for record in self.tried if _in(record.identity, scope)]

    def class_sums(self, run_id: str, metric: str) -> ClassSums | None:
        """What came with the Records."""
        return self.sums(run_id, metric)


Source = StoreSource | RecordsSource
"""Where boards are read from."""


def _in(identity: Identity, scope: Scope) -> bool:
    return all(getattr(identity, name) == getattr(scope, name) for name in SCOPED)


def published_source(publication: Publication, name: str) -> RecordsSource:
    """A published leaderboard as a Source."""
    runs = publication.by_id()
    return RecordsSource(
        name,
        publication.records(),
        publication.concatenations(),
        lambda run_id, metric: publication.class_sums(runs.get(run_id), metric),
        publication.trials(),
    )


def as_source(source: Source | Store) -> Source:
    """A Store as a Source; a Source as it is."""
    return StoreSource(source) if isinstance(source, Store) else source


@contextmanager
def open_source(source: Source | Store | Path | str) -> Iterator[Source]:
    """A store's directory or a published leaderboard's file as a Source; UserError if neither.

    What is open already stays so.
    """
    if isinstance(source, Store | StoreSource | RecordsSource):
        yield as_source(source)
        return
    if not isinstance(source, Path | str):
        kind = type(source).__name__
        raise UserError(f"a board is read from a store, a published file or its path, not {kind}")
    path = Path(source)
    if path.is_file() or path.suffix == ".json":
        from harness.results.publication import load_publication

        yield published_source(load_publication(path), str(path))
        return
    with Store.open(path) as store:
        yield StoreSource(store)
