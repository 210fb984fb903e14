"""`Excerpt`: what a leaderboard reads of a Record, a quarter of its size and quick to read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic_core import from_json

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
)

EXCERPT_FORMAT = 6
"""Raised with any change of what is written, a new field of a model in a Common included."""


DIGESTS = ("init_digest", "batches_digest", "test_digest")
"""Fields of a Record that must agree between methods at one fold and seed."""


class Common(Frozen):
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
    without scores. `initial`: whether a run that trained kept its initial weights.
    """

    common: Common
    run_id: str
    seed: int
    fold: int
    state: State
    digests: Sequence[str | None]
    finished: str
    collapsed: bool
    initial: bool
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
    known: dict[str, Common] = {}
    found = []
    for record in records:
        common = _common(record)
        found.append(_excerpt(record, known.setdefault(common.model_dump_json(), common)))
    return found


def written(record: Record) -> tuple[str, str]:
    """The Excerpt of a Record as two JSON texts: its Common, and what is the run's own."""
    common = _common(record)
    own = _excerpt(record, common)[1:]
    return common.model_dump_json(), json.dumps(own, separators=(",", ":"))


def read_excerpt(common: Common, own: str) -> Excerpt:
    """The inverse of `written`."""
    fields = from_json(own)
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


def _common(record: Record) -> Common:
    scores = record.scores
    place = {"seed": 0, "fold": 0, "search": None, "trial": None}
    return Common(
        identity=record.identity.model_copy(update=place),
        declared=record.declared,
        folds=record.folds,
        replicates=record.replicates,
        looks=record.looks,
        chosen_by=record.chosen_by,
        searched=record.searched,
        samples=record.samples,
        parameters=record.audit.parameters if record.audit else None,
        scoring=scores.semantics if scores else None,
        metrics=tuple(all_values(scores)) if scores else (),
        class_means=tuple(scores.class_means) if scores else (),
        told=scores.told if scores else {},
        environment=record.environment,
    )


def _excerpt(record: Record, common: Common) -> Excerpt:
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
        singletons=scores.singletons if scores else 0,
        reason=(reason.kind, reason.message) if reason else None,
        spent=Spent._make(getattr(audit, name) for name in Spent._fields) if audit else None,
        values=list(all_values(scores).values()) if scores else [],
        class_means=list(scores.class_means.values()) if scores else [],
    )
