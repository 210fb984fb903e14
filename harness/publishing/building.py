"""From a Store to a Publication; whatever could not be compared later is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import UserError
from harness.leaderboard import build_leaderboard
from harness.leaderboard.loading import choose_scope
from harness.leaderboard.versions import newest_records
from harness.publishing.model import Publication, Versions
from harness.publishing.rows import SharedFiles, publish_method
from harness.record import Record
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
    scope = _one_scope(store, protocol, dataset)
    records = store.records(
        protocol_digest=scope.protocol_digest,
        dataset=scope.dataset,
        dataset_digest=scope.dataset_digest,
        training_semantics=scope.training_semantics,
    )
    kept, notes = newest_records(records)
    joined = store.concatenations(protocol_digest=scope.protocol_digest, dataset=scope.dataset)
    # Building the board refuses what cannot share one.
    board = build_leaderboard(kept, joined)
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
        tuple(note.replace("hidden", "left out").partition(";")[0] for note in notes),
    )


def _one_scope(store: Store, protocol: str | None, dataset: str | None) -> Scope:
    scopes = store.scopes()
    where = f"store {store.path}"
    chosen = choose_scope(scopes, protocol=protocol, dataset=dataset, where=where)
    others = [scope for scope in scopes if _matches(scope, protocol, dataset)]
    if len(others) > 1:
        listed = "; ".join(_described(scope) for scope in others[:4])
        raise UserError(
            f"{where}: holds several boards, and their runs are never mixed: {listed} "
            "(choose by --protocol NAME or DIGEST, and --dataset)"
        )
    if chosen.unlocked:
        raise UserError(
            f"{where}: {chosen.protocol} is unlocked ({', '.join(chosen.unlocked)}): "
            "its runs cannot be published"
        )
    return chosen


def _matches(scope: Scope, protocol: str | None, dataset: str | None) -> bool:
    named = protocol in (None, scope.protocol) or scope.protocol_digest.startswith(str(protocol))
    return named and dataset in (None, scope.dataset)


def _described(scope: Scope) -> str:
    return (
        f"{scope.protocol} on {scope.dataset}, {scope.records} runs, "
        f"protocol {scope.protocol_digest[:8]}, dataset {scope.dataset_digest[:8]}, "
        f"training semantics {scope.training_semantics}{', unlocked' if scope.unlocked else ''}"
    )


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
