"""One method of a publication: its runs, its sums by class and its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from harness.errors import UserError
from harness.publishing.class_sums import Sums, class_sums
from harness.publishing.model import Joined, PublishedMethod, PublishedRun, TestSet
from harness.publishing.summary import summaries
from harness.record import Concatenation, Record
from harness.store import Store

Shared = TypeVar("Shared", dict[str, str], TestSet)


class SharedFiles:
    """What runs share: environments and test sets, each kept once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.environments: list[dict[str, str]] = []
        self.test_sets: list[TestSet] = []

    def environment(self, record: Record) -> int:
        """The place of a run's environment."""
        return _place(self.environments, record.environment)

    def sums(self, record: Record) -> tuple[int, Sums]:
        """The place of a run's test set, and its sums by class; UserError where arrays lack."""
        try:
            test_set, sums = class_sums(self._store.arrays(record))
        except KeyError as error:
            raise UserError(
                f"store {self._store.path}: run {record.run_id} has no array {error}: "
                "it could not be compared class by class"
            ) from None
        return _place(self.test_sets, test_set), sums


def _place(kept: list[Shared], value: Shared) -> int:
    if value not in kept:
        kept.append(value)
    return kept.index(value)


def publish_method(
    records: Sequence[Record], joined: Sequence[Concatenation], files: SharedFiles
) -> PublishedMethod:
    """Publish the Records of one method at one point, by seed and fold; there is at least one."""
    first = records[0]
    assert first.chosen_by != "trial", "trials are no replicates"
    identity = first.identity
    runs = tuple(_run(record, files) for record in records)
    separated, concatenated = summaries(records, joined)
    return PublishedMethod(
        method=identity.method,
        distribution=identity.distribution,
        version=identity.version,
        source=identity.source,
        hyperparameters=dict(sorted(identity.hyperparameters.items())),
        trunk=identity.trunk,
        declared=first.declared,
        chosen_by=first.chosen_by,
        searched=first.searched,
        separated=separated,
        concatenated=concatenated,
        runs=runs,
        joined=_joined(runs, joined),
    )


def _joined(runs: tuple[PublishedRun, ...], joined: Sequence[Concatenation]) -> tuple[Joined, ...]:
    folds: dict[int, list[str]] = {}
    for run in runs:
        folds.setdefault(run.seed, []).append(run.id)
    known = {concatenation.run_ids: concatenation.scores for concatenation in joined}
    return tuple(
        Joined(seed=seed, scores=known[tuple(ids)])
        for seed, ids in folds.items()
        if tuple(ids) in known
    )


def _run(record: Record, files: SharedFiles) -> PublishedRun:
    test_set, sums = files.sums(record) if record.scores is not None else (None, None)
    reason = record.reason and record.reason.model_copy(update={"traceback": ""})
    return PublishedRun(
        id=record.run_id,
        seed=record.identity.seed,
        fold=record.identity.fold,
        state=record.state,
        reason=reason,
        init_digest=record.init_digest,
        batches_digest=record.batches_digest,
        samples=record.samples,
        selected=record.selected,
        validation=record.validation,
        scores=record.scores,
        audit=record.audit,
        environment=files.environment(record),
        started=record.started,
        finished=record.finished,
        test_set=test_set,
        class_sums=sums,
    )
