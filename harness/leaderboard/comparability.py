"""Refusals: runs that do not belong on one board, and runs that were not trained alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.errors import UserError
from harness.leaderboard.grouping import commons, grouped
from harness.record import Concatenation
from harness.store.excerpt import Excerpt

Place = tuple[int, int]  # fold and seed


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
    weights: dict[Hashable, Seen] = {}
    batches: dict[Hashable, Seen] = {}
    for alike in grouped(runs, id).values():
        common = alike[0].common
        declared = common.declared
        own = [run.init_digest for run in alike]
        weights.setdefault(declared.members, Seen()).require("initial weights", alike, own)
        if declared.composition != "clusters":
            own = [run.batches_digest for run in alike]
            shared = batches.setdefault((declared.composition, common.samples), Seen())
            shared.require(f"{declared.composition} batches", alike, own)


@dataclass(frozen=True)
class Seen:
    """The first digest at each fold and seed, and the run that has it."""

    digests: dict[Place, str] = field(default_factory=dict)
    runs: dict[Place, Excerpt] = field(default_factory=dict)

    def require(self, what: str, runs: Sequence[Excerpt], digests: Sequence[str | None]) -> None:
        """Raise UserError where a run's digest is not the one that was seen at its place."""
        places = [(run.fold, run.seed) for run in runs]
        if set(zip(places, digests, strict=True)) <= self.digests.items():
            return
        for place, run, digest in zip(places, runs, digests, strict=True):
            if digest is None:
                continue
            other, expected = (
                self.runs.setdefault(place, run),
                self.digests.setdefault(place, digest),
            )
            if digest != expected:
                raise _differ(what, other, run, expected, digest)


def _require_one(what: str, values: Iterable[str | int]) -> None:
    found = sorted(set(values), key=str)
    if len(found) > 1:
        listed = " and ".join(str(value) for value in found)
        raise UserError(f"records of different {what} cannot share a leaderboard: {listed}")


def _differ(what: str, other: Excerpt, run: Excerpt, expected: str, found: str) -> UserError:
    methods = f"{other.common.identity.method} and {run.common.identity.method}"
    return UserError(
        f"{methods} cannot be compared: their {what} differ at fold "
        f"{run.fold}, seed {run.seed} ({expected} and {found})"
    )
