"""From a Store to a Leaderboard: choose what to show, and say what else there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from harness.errors import UserError, unknown
from harness.leaderboard.board import Aggregate, Leaderboard
from harness.leaderboard.building import build_board
from harness.store import Scope, Store
from harness.store.collecting import without_collecting

_LISTED = 5


def load_leaderboard(
    store: Store,
    *,
    protocol: str | None = None,
    dataset: str | None = None,
    aggregate: Aggregate = "separated",
    all_versions: bool = False,
) -> Leaderboard:
    """Build the leaderboard of the scope that was added to last, of those that match.

    `protocol` is a name or the beginning of a digest (six digits or more). Raises UserError if
    the store is empty or nothing in it matches; notes name the scopes that are not shown.
    """
    scopes = store.scopes()
    scope = choose_scope(scopes, protocol=protocol, dataset=dataset, where=f"store {store.path}")
    with without_collecting():
        board = build_board(
            store.excerpts(scope),
            store.concatenations(protocol_digest=scope.protocol_digest, dataset=scope.dataset),
            aggregate=aggregate,
            all_versions=all_versions,
        )
    others = [other for other in scopes if other != scope]
    return dataclasses.replace(board, remarks=(*board.remarks, *_also(others)))


def choose_scope(
    scopes: Sequence[Scope], *, protocol: str | None, dataset: str | None, where: str
) -> Scope:
    """The first of `scopes`, newest first, that matches; raises UserError if none does."""
    if not scopes:
        raise UserError(f"{where}: holds no records yet; `bench run` makes some")
    found = [scope for scope in scopes if protocol is None or _named(scope, protocol)]
    if not found:
        names = {scope.protocol for scope in scopes}
        raise unknown("protocol", protocol or "", names, where=where)
    matching = [scope for scope in found if dataset in (None, scope.dataset)]
    if not matching:
        raise unknown("dataset", dataset or "", {scope.dataset for scope in found}, where=where)
    return matching[0]


def _named(scope: Scope, protocol: str) -> bool:
    by_digest = len(protocol) >= 6 and scope.protocol_digest.startswith(protocol)
    return scope.protocol == protocol or by_digest


def _also(scopes: Sequence[Scope]) -> list[str]:
    if not scopes:
        return []
    listed = [_described(scope) for scope in scopes[:_LISTED]]
    listed += [f"{len(scopes) - _LISTED} more"] if len(scopes) > _LISTED else []
    return [f"the store also holds {'; '.join(listed)}"]


def _described(scope: Scope) -> str:
    lock = "unlocked, " if scope.unlocked else ""
    return (
        f"{scope.protocol} on {scope.dataset} ({scope.records} runs, {lock}protocol "
        f"{scope.protocol_digest[:8]}, training semantics {scope.training_semantics})"
    )
