"""The runs that were scored by several views of each image, after the same training."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence

from harness.errors import NotComparable
from harness.figures.sources import Sources, load_sources
from harness.protocol import published_names
from harness.record import Record
from harness.results import Board
from harness.store import Store

SUFFIX = "-views"


def load_runs(store: Store, *, protocol: str | None, dataset: str | None) -> Sources:
    """Read the leaderboard of what was run last, or of `protocol` and `dataset`, with its runs.

    Where no protocol is asked for and several views came last, that of the runs they are twins of,
    if the store has it. UserError as `load_board`.
    """
    found = load_sources(store, protocol=protocol, dataset=dataset)
    chosen = found.board.dataset
    plain = found.board.protocol.removesuffix(SUFFIX)
    there = {(scope.protocol, scope.dataset) for scope in store.scopes()}
    if protocol is None and plain != found.board.protocol and (plain, chosen) in there:
        return load_sources(store, protocol=plain, dataset=chosen)
    return found


class ViewsRuns:
    """Finds to the runs of a protocol those of its twin, named the same and `-views`."""

    def __init__(self, store: Store, board: Board) -> None:
        self._protocol = f"{board.protocol}{SUFFIX}"
        self._dataset = board.dataset
        digest = next(
            (
                scope.protocol_digest
                for scope in store.scopes()
                if scope.protocol == self._protocol
                and scope.dataset_digest == board.dataset_digest
                and scope.training_semantics == board.semantics.training
                and scope.unlocked == board.unlocked
            ),
            None,
        )
        self._runs: dict[Hashable, Record] = {}
        if digest is not None:
            found = store.records(
                protocol_digest=digest,
                dataset_digest=board.dataset_digest,
                training_semantics=board.semantics.training,
            )
            self._runs = {_key(record): record for record in found if record.state == "done"}

    def of(self, runs: Sequence[Record]) -> list[Record] | None:
        """The twins of a replicate's folds, or None if any is missing.

        NotComparable if a twin started from other weights or saw other batches.
        """
        twins = [self._runs.get(_key(run)) for run in runs]
        found = [twin for twin in twins if twin is not None]
        if len(found) < len(runs):
            return None
        for run, twin in zip(runs, found, strict=True):
            if _training(run) != _training(twin):
                identity = run.identity
                raise NotComparable(
                    f"{identity.method}, seed {identity.seed}, fold {identity.fold}: "
                    f"{identity.protocol} and {self._protocol} did not train alike"
                )
        return found

    def notes(self) -> list[str]:
        """How to get what is not there."""
        if self._runs or self._protocol not in published_names():
            return []
        return [
            f"F takes runs of the same seeds: bench run --protocol {self._protocol} "
            f"--dataset {self._dataset}"
        ]


def _key(record: Record) -> Hashable:
    identity = record.identity
    point = json.dumps(identity.hyperparameters, sort_keys=True)
    version = (identity.distribution, identity.version, identity.source)
    return (identity.method, *version, point, identity.seed, identity.fold)


def _training(record: Record) -> tuple[str | None, str | None]:
    return (record.init_digest, record.batches_digest)
