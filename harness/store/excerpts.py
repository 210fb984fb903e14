"""The Excerpts in a store's database: written with their Records, and never older than they are."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic_core import from_json

from harness.errors import UserError
from harness.record import (
    Declared,
    Frozen,
    Identity,
    Parameters,
    Record,
    Samples,
    Scores,
    Searched,
    State,
    Told,
    is_as_it_was_sealed,
)
from harness.store.queries import Scope, parse_record, without_collecting

EXCERPT_FORMAT = 8
"""Raised with any change of what is written, a new field of a model in a CommonFacts included."""


_SEAL = 16
"""Hexadecimal digits of the digest of an Excerpt."""
_Hash = Any  # of hashlib, which names no type

DIGESTS = ("init_digest", "batches_digest", "test_digest")
"""Fields of a Record that must agree between methods at one fold and seed."""


class CommonFacts(Frozen):
    """What runs of one method at one point have in common, and the names of their scores.

    `identity` has seed and fold 0, and is of no trial. `parameters` is None without an audit,
    `scoring` (the semantics) without scores; `metrics`, `class_means` and `told` are empty then.
    """

    identity: Identity
    declared: Declared
    folds: int
    replicates: int
    looks: tuple[int, ...] = ()
    chosen_by: Literal["default", "given", "search", "trial"]
    searched: Searched | None
    samples: Samples | None
    parameters: Parameters | None
    scoring: int | None
    metrics: tuple[str, ...]
    class_means: tuple[str, ...]
    told: dict[str, Told]
    environment: dict[str, str]


_AS_IT_IS = CommonFacts.model_fields.keys() & Record.model_fields.keys() - {"identity"}


class Spent(NamedTuple):
    """What one run cost, as its Audit has it."""

    steps: int
    images_embedded: int
    backward_passes: int
    training_seconds: float
    seconds: float
    peak_memory_bytes: int | None
    processor_seconds: float | None
    images_read: int
    images_drawn: int | None


class Excerpt(NamedTuple):
    """What a leaderboard reads of one Record.

    Runs that share a `common` share the object. `digests` are those of `DIGESTS`. `reason` is the
    kind and the message of a run that did not end in scores. `values` are those of `all_values`,
    in the order of `common.metrics`, and `class_means` in that of `common.class_means`; empty
    without scores. `initial`: whether a run that trained kept its initial weights. `by_a_quarter`:
    which share of the selected validation score was there after a quarter of the steps, None where
    the first quarter had no validation.
    """

    common: CommonFacts
    run_id: str
    seed: int
    fold: int
    state: State
    digests: Sequence[str | None]
    finished: str
    collapsed: bool
    initial: bool
    by_a_quarter: float | None
    singletons: int
    reason: tuple[str, str] | None
    spent: Spent | None
    values: Sequence[float | None]
    class_means: Sequence[float]

    @property
    def scored(self) -> bool:
        """Whether the run counts: it is done and has scores."""
        return self.state == "done" and self.common.scoring is not None


_PLAIN = Excerpt._fields.index("reason") - 1  # fields of `own` that are read as they are


def all_values(scores: Scores) -> dict[str, float | None]:
    """Locked metrics and those of plugins; a plugin cannot shadow a locked one."""
    return {**scores.extra, **scores.values}


def excerpts_of(records: Iterable[Record]) -> list[Excerpt]:
    """The Excerpts of Records, in their order."""
    known: dict[str, CommonFacts] = {}
    found = []
    for record in records:
        common = _common(record)
        found.append(_excerpt(record, known.setdefault(common.model_dump_json(), common)))
    return found


def written(record: Record) -> tuple[str, str]:
    """The Excerpt of a Record as two texts: the JSON of its CommonFacts, and what is the run's own.

    The latter is JSON behind a digest of both.
    """
    common = _common(record)
    content = common.model_dump_json()
    own = json.dumps(_excerpt(record, common)[1:], separators=(",", ":"))
    return content, _seal(_begun(content), own) + own


def _begun(common: str) -> _Hash:
    """The hash of a CommonFacts, which that of each of its runs goes on from."""
    return hashlib.sha256(common.encode())


def _seal(begun: _Hash, own: str) -> str:
    found = begun.copy()
    found.update(own.encode())
    return str(found.hexdigest()[:_SEAL])


def is_sealed(begun: _Hash, own: str) -> bool:
    """Whether a run's own part, and the CommonFacts that it goes with, are as they were written."""
    return own[:_SEAL] == _seal(begun, own[_SEAL:])


def read_excerpt(common: CommonFacts, own: str) -> Excerpt:
    """The inverse of `written`."""
    fields = from_json(own[_SEAL:])
    reason, spent, values, class_means = fields[_PLAIN:]
    return Excerpt._make(
        (
            common,
            *fields[:_PLAIN],
            reason and (reason[0], reason[1]),
            spent and Spent._make(spent),
            values,
            class_means,
        )
    )


def _common(record: Record) -> CommonFacts:
    scores = record.scores
    place = {"seed": 0, "fold": 0, "search": None, "trial": None}
    return CommonFacts(
        identity=record.identity.model_copy(update=place),
        **{name: getattr(record, name) for name in _AS_IT_IS},
        parameters=record.audit.parameters if record.audit else None,
        scoring=scores.semantics if scores else None,
        metrics=tuple(all_values(scores)) if scores else (),
        class_means=tuple(scores.class_means) if scores else (),
        told=scores.told if scores else {},
    )


def _excerpt(record: Record, common: CommonFacts) -> Excerpt:
    scores, audit, reason = record.scores, record.audit, record.reason
    return Excerpt(
        common=common,
        run_id=record.run_id,
        seed=record.identity.seed,
        fold=record.identity.fold,
        state=record.state,
        digests=[getattr(record, name) for name in DIGESTS],
        finished=record.finished,
        collapsed=scores is not None and scores.collapsed,
        initial=record.selected is not None and record.selected.step == 0,
        by_a_quarter=_by_a_quarter(record),
        singletons=scores.singletons if scores else 0,
        reason=(reason.kind, reason.message) if reason else None,
        spent=Spent._make(getattr(audit, name) for name in Spent._fields) if audit else None,
        values=list(all_values(scores).values()) if scores else [],
        class_means=list(scores.class_means.values()) if scores else [],
    )


def _by_a_quarter(record: Record) -> float | None:
    selected = record.selected
    if selected is None or record.audit is None or selected.value <= 0:
        return None
    early = [value for step, value in selected.history if 0 < 4 * step <= record.audit.steps]
    return early[-1] / selected.value if early else None


# Excerpts of another format, by an earlier version or a later one, are as good as none.
_INSERT_COMMON = "INSERT INTO commons (format, content) VALUES (?, ?) ON CONFLICT DO NOTHING"
_INSERT_EXCERPT = """INSERT OR REPLACE INTO excerpts (created, common, trial, own)
    SELECT created, common, ?, ? FROM runs, commons
    WHERE run_id = ? AND format = ? AND content = ? AND record = coalesce(?, record)"""
_COMMONS = "SELECT common, content FROM commons WHERE format = ?"
# Without an ORDER BY, which would copy every row; of `runs`, the index is all that is read.
_OF_SCOPE = """SELECT runs.created, common, own,
    CASE WHEN own IS NULL THEN run_id END, CASE WHEN own IS NULL THEN record END
    FROM runs LEFT JOIN excerpts ON excerpts.created = runs.created
    AND common IN (SELECT common FROM commons WHERE format = :format)
    WHERE protocol_digest = :protocol_digest AND dataset = :dataset
    AND dataset_digest = :dataset_digest AND training_semantics = :training_semantics
    AND trial IS NULL"""
_WITHOUT = """SELECT run_id, record FROM runs WHERE created NOT IN (
    SELECT created FROM excerpts JOIN commons USING (common) WHERE format = ?) ORDER BY created"""
_WRITTEN = """SELECT record, content, own
    FROM runs JOIN excerpts USING (created) JOIN commons USING (common)
    WHERE run_id = ? AND format = ?"""
_FORGET = "DELETE FROM excerpts WHERE created = (SELECT created FROM runs WHERE run_id = ?)"


def insert_excerpt(connection: sqlite3.Connection, record: Record, text: str | None = None) -> None:
    """Write the Excerpt of a Record; with the JSON that it was read from, if its row still has it.

    Without, the row was just inserted or changed.
    """
    common, own = written(record)
    connection.execute(_INSERT_COMMON, (EXCERPT_FORMAT, common))
    values = (record.identity.trial, own, record.run_id, EXCERPT_FORMAT, common, text)
    connection.execute(_INSERT_EXCERPT, values)


class Read(NamedTuple):
    """`excerpts`: in the order in which the runs were first put. `edited`: ids of runs that
    something else changed, whose Excerpts are not among them. `made`: Records without an Excerpt,
    each with its JSON.
    """

    excerpts: list[Excerpt]
    edited: list[str]
    made: list[tuple[Record, str]]


def read_excerpts(store: Path, connection: sqlite3.Connection, scope: Scope) -> Read:
    """What is read of a scope's replicates.

    Where there is no Excerpt, as in a store of an earlier version, it is made of the Record. Raises
    UserError for such a Record that does not parse.
    """
    found: list[Excerpt | None] = []
    edited: list[str] = []
    made: list[tuple[Record, str]] = []
    with without_collecting():
        wanted = {**vars(scope), "format": EXCERPT_FORMAT}
        rows = sorted(connection.execute(_OF_SCOPE, wanted), key=itemgetter(0))
        # After the rows: others may write meanwhile, and no CommonFacts is ever removed.
        commons = {
            number: (CommonFacts.model_validate_json(content), _begun(content))
            for number, content in connection.execute(_COMMONS, (EXCERPT_FORMAT,))
        }
        for _, number, own, run_id, text in rows:
            if own is not None:
                common, begun = commons[number]
                if is_sealed(begun, own):
                    found.append(read_excerpt(common, own))
                else:
                    edited.append(str(from_json(own[_SEAL:])[0]))
                continue
            record = parse_record(store, run_id, text)
            if not is_as_it_was_sealed(text):
                edited.append(run_id)
                continue
            made.append((record, text))
            if record.identity.trial is None:
                found.append(None)
        new = iter(excerpts_of(record for record, _ in made if record.identity.trial is None))
        return Read([one or next(new) for one in found], edited, made)


def keep_excerpts(connection: sqlite3.Connection, made: Iterable[tuple[Record, str]]) -> None:
    """Write what was made by `read_excerpts`, of rows that did not change since."""
    for record, text in made:
        insert_excerpt(connection, record, text)


def runs_without(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Run id and JSON of the runs that have no Excerpt, in the order in which they were put."""
    return connection.execute(_WITHOUT, (EXCERPT_FORMAT,)).fetchall()


def is_stale(store: Path, connection: sqlite3.Connection, run_id: str) -> bool:
    """Whether a run has an Excerpt that is not its Record's; both are read at one moment."""
    stored = connection.execute(_WRITTEN, (run_id, EXCERPT_FORMAT)).fetchone()
    return stored is not None and stored[1:] != written(parse_record(store, run_id, stored[0]))


def write_excerpts(store: Path, connection: sqlite3.Connection, *, renewed: str) -> None:
    """Write the Excerpts of all runs without one, and that of run `renewed` anew."""
    connection.execute(_FORGET, (renewed,))
    for run_id, text in runs_without(connection):
        with suppress(UserError):  # a Record that does not parse is a finding of its own
            record = parse_record(store, run_id, text)
            if is_as_it_was_sealed(text):  # and so is one that something else changed
                insert_excerpt(connection, record)
