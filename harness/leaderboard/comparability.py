"""Refusals: Records that do not belong on one board, and runs that were not trained alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from harness.errors import UserError
from harness.record import Concatenation, Record


def require_comparable(records: Sequence[Record], concatenations: Iterable[Concatenation]) -> None:
    """Raise UserError unless all Records share protocol, dataset and semantics by digest.

    So must what the Records say of the protocol: its folds and replicates.
    """
    identities = [record.identity for record in records]
    scores = [record.scores for record in records if record.scores is not None]
    scores += [concatenation.scores for concatenation in concatenations]
    _require_one("protocol digest", [identity.protocol_digest for identity in identities])
    _require_one("dataset", [identity.dataset for identity in identities])
    _require_one("dataset digest", [identity.dataset_digest for identity in identities])
    _require_one("training semantics", [identity.training_semantics for identity in identities])
    _require_one("scoring semantics", [score.semantics for score in scores])
    _require_one("number of folds", [record.folds for record in records])


def require_common_random_numbers(records: Iterable[Record]) -> None:
    """Raise UserError where methods differ in initial weights or batches and should agree.

    Runs of one fold and seed share the initial weights (an ensemble's backbones are smaller, so
    only those of as many members); runs of one batch composition and as many labels also share
    their batches, but for `clusters`, which each method makes its own.
    """
    weights: dict[Hashable, tuple[str, str]] = {}
    batches: dict[Hashable, tuple[str, str]] = {}
    for record in records:
        identity, declared = record.identity, record.declared
        place = (identity.fold, identity.seed)
        _agree(weights, (declared.members, *place), record, "initial weights", record.init_digest)
        if declared.composition == "clusters":
            continue
        key = (declared.composition, record.samples, *place)
        _agree(batches, key, record, f"{declared.composition} batches", record.batches_digest)


def _require_one(what: str, values: Iterable[str | int]) -> None:
    found = sorted(set(values), key=str)
    if len(found) > 1:
        listed = " and ".join(str(value) for value in found)
        raise UserError(f"records of different {what} cannot share a leaderboard: {listed}")


def _agree(
    seen: dict[Hashable, tuple[str, str]],
    key: Hashable,
    record: Record,
    what: str,
    digest: str | None,
) -> None:
    if digest is None:
        return
    method = record.identity.method
    other, expected = seen.setdefault(key, (method, digest))
    if digest != expected:
        raise UserError(
            f"{other} and {method} cannot be compared: their {what} differ at fold "
            f"{record.identity.fold}, seed {record.identity.seed} ({expected} and {digest})"
        )
