"""From a Store to a Publication; whatever could not be compared later is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import UserError
from harness.publishing.model import Publication, Versions
from harness.publishing.rows import SharedFiles, publish_method
from harness.record import Record
from harness.results import build_board
from harness.results.belonging import belonging
from harness.results.reading import Selector, described, matching_scopes
from harness.store import Scope, Store


@dataclass(frozen=True)
class Published:
    """A Publication, and sentences on what of the store is not in it."""

    publication: Publication
    notes: tuple[str, ...]


def build_publication(
    store: Store, *, protocol: str | None = None, dataset: str | None = None
) -> Published:
    """Publish what a store holds under one protocol and dataset, the newest version of a method.

    Raises UserError where the store holds several that match, an unlocked protocol, Records that
    cannot share a board, no scores, or a run without digests or per-query scores.
    """
    scope = _one_scope(store, Selector.parse(protocol=protocol, dataset=dataset))
    records = store.records(
        protocol_digest=scope.protocol_digest,
        dataset=scope.dataset,
        dataset_digest=scope.dataset_digest,
        training_semantics=scope.training_semantics,
    )
    kept, notes = belonging(records)
    joined = store.concatenations(protocol_digest=scope.protocol_digest, dataset=scope.dataset)
    board = build_board(kept, joined)
    if board.semantics.scoring is None:
        raise UserError(f"store {store.path}: no run ended in scores: there is nothing to publish")
    for record in kept:
        _require_digests(store, record)
    files = SharedFiles(store)
    methods = [publish_method(group, joined, files) for group in _groups(kept)]
    return Published(
        Publication(
            protocol=board.protocol,
            protocol_digest=board.protocol_digest,
            dataset=board.dataset,
            dataset_digest=board.dataset_digest,
            semantics=Versions(training=board.semantics.training, scoring=board.semantics.scoring),
            folds=board.folds,
            replicates=board.replicates,
            environments=tuple(files.environments),
            test_sets=tuple(files.test_sets),
            methods=tuple(methods),
        ),
        tuple(note.replace("hidden", "left out") for note in notes),
    )


def _one_scope(store: Store, wanted: Selector) -> Scope:
    where = f"store {store.path}"
    found = matching_scopes(store.scopes(), wanted, where=where)
    if len(found) > 1:
        listed = "; ".join(described(scope) for scope in found[:4])
        raise UserError(
            f"{where}: holds several boards, and their runs are never mixed: {listed} "
            "(choose by --protocol NAME or DIGEST, and --dataset NAME or DIGEST)"
        )
    if found[0].unlocked:
        raise UserError(
            f"{where}: {found[0].protocol} is unlocked ({', '.join(found[0].unlocked)}): "
            "its runs cannot be published"
        )
    return found[0]


def _require_digests(store: Store, record: Record) -> None:
    if record.state != "done":
        return
    trained = record.declared.composition != "none"
    missing = [
        what
        for what, absent in (
            ("initial weights", record.init_digest is None),
            ("batches", trained and record.batches_digest is None),
        )
        if absent
    ]
    if missing:
        raise UserError(
            f"store {store.path}: run {record.run_id} has no digest of its {missing[0]}: "
            "that it was trained like the others cannot be shown"
        )


def _groups(records: Sequence[Record]) -> list[list[Record]]:
    """The Records of each row, by method and point, and in each by seed and fold."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in sorted(records, key=_place):
        groups.setdefault(_row(record), []).append(record)
    return list(groups.values())


def _row(record: Record) -> tuple[str, ...]:
    identity = record.identity
    point = json.dumps(identity.hyperparameters, sort_keys=True)
    declared = record.declared.model_dump_json()
    searched = "" if record.searched is None else record.searched.model_dump_json()
    return (identity.method, point, identity.trunk, record.chosen_by, searched, declared)


def _place(record: Record) -> tuple[tuple[str, ...], int, int]:
    return _row(record), record.identity.seed, record.identity.fold
