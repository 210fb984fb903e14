"""`build_leaderboard`: Records in, Leaderboard out; a pure function, as is `build_board`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Iterable, Sequence

from harness.errors import UserError
from harness.leaderboard.board import RANKED_BY, Aggregate, Leaderboard, Row, Semantics
from harness.leaderboard.comparability import require_common_random_numbers, require_comparable
from harness.leaderboard.grouping import commons, grouped
from harness.leaderboard.notes import board_remarks
from harness.leaderboard.rows import build_row
from harness.leaderboard.ties import ties_note, with_ties
from harness.leaderboard.versions import newest_versions
from harness.record import Concatenation, Record
from harness.store.excerpt import Common, Excerpt, excerpts_of


def build_leaderboard(
    records: Sequence[Record],
    concatenations: Iterable[Concatenation] = (),
    *,
    replicates: int | None = None,
    aggregate: Aggregate = "separated",
    all_versions: bool = False,
) -> Leaderboard:
    """Aggregate the Records of one protocol, dataset and semantics, best mean MAP@R first.

    A replicate counts once all its folds are done. `replicates` is how many were asked for, as
    the Records have it from their protocol if None. Of each method only the most recently
    finished version is shown, unless `all_versions`. Raises UserError for no Records, for
    different digests or semantics, and where runs that should have started from the same weights
    or seen the same batches did not.
    """
    return build_board(
        excerpts_of(records),
        concatenations,
        replicates=replicates,
        aggregate=aggregate,
        all_versions=all_versions,
    )


def build_board(
    runs: Sequence[Excerpt],
    concatenations: Iterable[Concatenation] = (),
    *,
    replicates: int | None = None,
    aggregate: Aggregate = "separated",
    all_versions: bool = False,
) -> Leaderboard:
    """The same of Excerpts, as a Store has them ready."""
    if not runs:
        raise UserError("there are no records to make a leaderboard of")
    joined = _of_these(runs, concatenations)
    require_comparable(runs, joined.values())
    shown, hidden = (list(runs), []) if all_versions else newest_versions(runs)
    require_common_random_numbers(shown)
    found = commons(runs)
    folds, identity = found[0].folds, found[0].identity
    expected = replicates or max(common.replicates for common in found)
    groups = grouped(shown, _row_key).values()
    rows = [build_row(group, joined, folds=folds, replicates=expected) for group in groups]
    ordered = sorted(_labelled(rows), key=lambda row: _rank(row, aggregate))
    ranked = with_ties(ordered, RANKED_BY, aggregate)
    return Leaderboard(
        protocol=identity.protocol,
        protocol_digest=identity.protocol_digest,
        dataset=identity.dataset,
        dataset_digest=identity.dataset_digest,
        unlocked=identity.unlocked,
        semantics=Semantics(identity.training_semantics, _scoring(found)),
        folds=folds,
        replicates=expected,
        aggregate=aggregate,
        remarks=(*board_remarks(shown, ranked, hidden, aggregate), *ties_note(ranked, aggregate)),
        rows=ranked,
    )


def _of_these(
    runs: Iterable[Excerpt], concatenations: Iterable[Concatenation]
) -> dict[tuple[str, ...], Concatenation]:
    found = {joined.run_ids: joined for joined in concatenations}
    known = {run.run_id for run in runs} if found else set()
    return {run_ids: joined for run_ids, joined in found.items() if known.issuperset(run_ids)}


def _row_key(common: Common) -> Hashable:
    identity = common.identity
    point = json.dumps(identity.hyperparameters, sort_keys=True)
    version = (identity.distribution, identity.version, identity.source)
    return (identity.method, *version, "searched" if common.searched is not None else point)


def _labelled(rows: Sequence[Row]) -> list[Row]:
    """Tell rows of one method apart by version and hyperparameters, where either differs."""
    methods: dict[str, list[Row]] = {}
    for row in rows:
        methods.setdefault(row.method, []).append(row)
    return [dataclasses.replace(row, label=_label(row, methods[row.method])) for row in rows]


def _label(row: Row, siblings: Sequence[Row]) -> str:
    marks = []
    if len({(other.distribution, other.version, other.source) for other in siblings}) > 1:
        marks.append(f"{row.distribution} {row.version} {row.source[:7]}")
    marks += [
        f"{name}={value}"
        for name, value in row.hyperparameters.items()
        if any(other.hyperparameters.get(name) != value for other in siblings)
    ]
    return f"{row.method} ({', '.join(marks)})" if marks else row.method


def _rank(row: Row, aggregate: Aggregate) -> tuple[bool, float, str]:
    interval = row.scores(aggregate).get(RANKED_BY)
    mean = interval.mean if interval else None
    return (mean is None, -(mean or 0.0), row.label)


def _scoring(found: Iterable[Common]) -> int | None:
    return next((common.scoring for common in found if common.scoring is not None), None)
