"""Does every recorded number hold? Checked from the embeddings, and held to its invariants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.splits import part_digest
from harness.errors import UserError
from harness.record import Record, Scores
from harness.rescoring.rescore import join_again, score_again
from harness.rescoring.rules import RuleBook
from harness.scoring import SCORING_SEMANTICS, check_invariants
from harness.store import Store

# Retrieval is exact up to float32 products, whose last digit depends on the processor; k-means
# can settle elsewhere when such a digit moves.
TOLERANCES = {"nmi": 0.02, "ami": 0.02, "ari": 0.02, "pairwise_f1": 0.02}
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Checked:
    """One thing that was looked at, and what does not hold about it; nothing, if all does."""

    what: str
    problems: tuple[str, ...]


def verify_store(store: Store, rules: RuleBook) -> Iterator[Checked]:
    """Recompute every done run and concatenation of a store and compare."""
    for record in store.records():
        identity = record.identity
        name = f"{identity.method}, seed {identity.seed}, fold {identity.fold} ({record.run_id})"
        if record.scores is not None:
            yield Checked(name, tuple(_run_problems(record, record.scores, store, rules)))
    for joined in store.concatenations():
        name = f"concatenation {joined.concatenation_id}"
        try:
            found = [*_version(joined.scores)] or list(
                _compare(joined.scores, join_again(joined, store, rules, ()))
            )
        except UserError as error:
            found = [str(error)]
        yield Checked(name, (*found, *check_invariants(joined.scores.values)))


def _run_problems(record: Record, scores: Scores, store: Store, rules: RuleBook) -> Iterator[str]:
    yield from check_invariants(scores.values)
    yield from _test_part(record, store)
    old = list(_version(scores))
    if old:
        yield from old
        return
    try:
        again, _ = score_again(record, store, rules, ())
    except UserError as error:
        yield str(error)
    else:
        yield from _compare(scores, again)


def _test_part(record: Record, store: Store) -> Iterator[str]:
    """Whether what was scored is the test part that the record names."""
    if record.test_digest is None:
        return
    try:
        arrays = store.arrays(record)
    except UserError:
        return  # said where it is scored again
    if "test_positions" in arrays and "test_labels" in arrays:
        found = part_digest(arrays["test_positions"], arrays["test_labels"])
        if found != record.test_digest:
            yield f"test samples: recorded {record.test_digest}, are {found}"


def _version(scores: Scores) -> Iterator[str]:
    if scores.semantics != SCORING_SEMANTICS:
        yield (
            f"scored under metric version {scores.semantics}, this is {SCORING_SEMANTICS}: "
            "run `bench rescore`"
        )


def _compare(recorded: Scores, again: Scores) -> Iterator[str]:
    for kind in ("values", "class_means"):
        before: Mapping[str, float] = getattr(recorded, kind)
        after: Mapping[str, float] = getattr(again, kind)
        for name in sorted(before.keys() | after.keys()):
            yield from _differs(name, before.get(name), after.get(name))
    for name in ("queries", "singletons", "collapsed"):
        if getattr(recorded, name) != getattr(again, name):
            yield f"{name}: recorded {getattr(recorded, name)}, is {getattr(again, name)}"


def _differs(name: str, before: float | None, after: float | None) -> Iterator[str]:
    if before is None or after is None:
        yield f"{name}: {'not recorded' if before is None else 'recorded but not computed'}"
    elif not math.isclose(before, after, rel_tol=0, abs_tol=TOLERANCES.get(name, TOLERANCE)):
        yield f"{name}: recorded {before:.6f}, is {after:.6f}"


def verify_board(document: Mapping[str, Any], where: str) -> Iterator[Checked]:
    """Check a leaderboard written by `bench leaderboard --format json`, row by row.

    The embeddings are not in it: means are held to the invariants, intervals to their means.
    Raises UserError if it is no such document.
    """
    rows = document.get("rows")
    if not isinstance(rows, list) or "protocol_digest" not in document:
        raise UserError(f"{where}: is not a leaderboard in JSON")
    for row in rows:
        try:
            problems = [*_interval_problems(row["metrics"])]
            means = {
                name: interval["mean"]
                for name, interval in row["metrics"].items()
                if interval["mean"] is not None
            }
            finding = Checked(str(row["method"]), (*problems, *check_invariants(means)))
        except (AttributeError, KeyError, TypeError):
            raise UserError(f"{where}: a row is not one of a leaderboard") from None
        yield finding


def _interval_problems(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, interval in metrics.items():
        low, mean, high = interval["low"], interval["mean"], interval["high"]
        if low is not None and not low <= mean <= high:
            yield f"{name}: the mean {mean} is outside its interval [{low}, {high}]"
