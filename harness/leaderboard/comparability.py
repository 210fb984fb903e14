"""Refusals: runs that do not belong on one board, and runs that were not trained alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from harness.errors import UserError
from harness.leaderboard.grouping import commons
from harness.record import Concatenation
from harness.store.excerpt import Common, Excerpt

Place = tuple[int, int]
Seen = dict[Place, Excerpt]  # by fold and seed, the first run that has a digest


def require_comparable(runs: Sequence[Excerpt], concatenations: Iterable[Concatenation]) -> None:
    """Raise UserError unless all runs share protocol, dataset and semantics by digest.

    So must what their Records say of the protocol: its folds.
    """
    found = commons(runs)
    identities = [common.identity for common in found]
    scoring = [common.scoring for common in found if common.scoring is not None]
    scoring += [concatenation.scores.semantics for concatenation in concatenations]
    _require_one("protocol digest", [identity.protocol_digest for identity in identities])
    _require_one("dataset", [identity.dataset for identity in identities])
    _require_one("dataset digest", [identity.dataset_digest for identity in identities])
    _require_one("training semantics", [identity.training_semantics for identity in identities])
    _require_one("scoring semantics", scoring)
    _require_one("number of folds", [common.folds for common in found])


def require_common_random_numbers(runs: Iterable[Excerpt]) -> None:
    """Raise UserError where methods differ in initial weights or batches and should agree.

    Runs of one fold and seed share the initial weights (an ensemble's backbones are smaller, so
    only those of as many members); runs of one batch composition and as many labels also share
    their batches, but for `clusters`, which each method makes its own.
    """
    sharing: dict[Hashable, Seen] = {}
    seen: dict[int, tuple[Seen, Seen | None]] = {}
    for run in runs:
        found = seen.get(id(run.common))
        if found is None:
            found = seen[id(run.common)] = _shared(run.common, sharing)
        weights, batches = found
        place = (run.fold, run.seed)
        if run.init_digest is not None:
            other = weights.setdefault(place, run)
            if other.init_digest != run.init_digest:
                raise _differ("initial weights", other, run, other.init_digest, run.init_digest)
        if batches is not None and run.batches_digest is not None:
            other = batches.setdefault(place, run)
            if other.batches_digest != run.batches_digest:
                what = f"{run.common.declared.composition} batches"
                raise _differ(what, other, run, other.batches_digest, run.batches_digest)


def _shared(common: Common, sharing: dict[Hashable, Seen]) -> tuple[Seen, Seen | None]:
    """Where the digests of runs are kept that must share weights, and batches, with these."""
    declared = common.declared
    weights = sharing.setdefault(declared.members, {})
    if declared.composition == "clusters":
        return weights, None
    return weights, sharing.setdefault((declared.composition, common.samples), {})


def _require_one(what: str, values: Iterable[str | int]) -> None:
    found = sorted(set(values), key=str)
    if len(found) > 1:
        listed = " and ".join(str(value) for value in found)
        raise UserError(f"records of different {what} cannot share a leaderboard: {listed}")


def _differ(what: str, other: Excerpt, run: Excerpt, expected: str | None, found: str) -> UserError:
    methods = f"{other.common.identity.method} and {run.common.identity.method}"
    return UserError(
        f"{methods} cannot be compared: their {what} differ at fold "
        f"{run.fold}, seed {run.seed} ({expected} and {found})"
    )
