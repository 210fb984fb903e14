"""`build_leaderboard`: Records in, Leaderboard out; a pure function."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Iterable, Sequence

from harness.errors import UserError
from harness.leaderboard.board import RANKED_BY, Aggregate, Leaderboard, Row, Semantics
from harness.leaderboard.comparability import require_common_random_numbers, require_comparable
from harness.leaderboard.notes import board_notes
from harness.leaderboard.rows import build_row
from harness.leaderboard.ties import ties_note, with_ties
from harness.leaderboard.versions import newest_versions
from harness.record import Concatenation, Record


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
    if not records:
        raise UserError("there are no records to make a leaderboard of")
    joined = _of_these(records, concatenations)
    require_comparable(records, joined.values())
    shown, hidden = (list(records), []) if all_versions else newest_versions(records)
    require_common_random_numbers(shown)
    folds = records[0].folds
    expected = replicates or max(record.replicates for record in records)
    rows = [build_row(group, joined, folds=folds, replicates=expected) for group in _groups(shown)]
    identity = records[0].identity
    ordered = sorted(_labelled(rows), key=lambda row: _rank(row, aggregate))
    ranked = with_ties(ordered, RANKED_BY, aggregate)
    return Leaderboard(
        protocol=identity.protocol,
        protocol_digest=identity.protocol_digest,
        dataset=identity.dataset,
        dataset_digest=identity.dataset_digest,
        unlocked=identity.unlocked,
        semantics=Semantics(identity.training_semantics, _scoring(records)),
        folds=folds,
        replicates=expected,
        aggregate=aggregate,
        notes=(*board_notes(shown, ranked, hidden, aggregate), *ties_note(ranked, aggregate)),
        rows=ranked,
    )


def _of_these(
    records: Iterable[Record], concatenations: Iterable[Concatenation]
) -> dict[tuple[str, ...], Concatenation]:
    found = {joined.run_ids: joined for joined in concatenations}
    known = {record.run_id for record in records} if found else set()
    return {runs: joined for runs, joined in found.items() if known.issuperset(runs)}


def _groups(records: Iterable[Record]) -> list[list[Record]]:
    groups: dict[Hashable, list[Record]] = {}
    for record in records:
        identity = record.identity
        point = json.dumps(identity.hyperparameters, sort_keys=True)
        if record.searched is not None:
            point = "searched"
        version = (identity.distribution, identity.version, identity.source)
        groups.setdefault((identity.method, *version, point), []).append(record)
    return list(groups.values())


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


def _scoring(records: Iterable[Record]) -> int | None:
    return next((record.scores.semantics for record in records if record.scores), None)
