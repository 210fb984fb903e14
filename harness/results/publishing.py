"""From a Store to a Publication and its file; what could not be compared later is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from harness.artifacts import write_whole
from harness.errors import UserError
from harness.record import ELSEWHERE, Concatenation, Record
from harness.results import Selector, described, matching_scopes
from harness.results.belonging import belonging
from harness.results.building import build_board
from harness.results.class_sums import CLASS_METRICS, sums_of_arrays
from harness.results.publication import (
    Joined,
    Publication,
    PublishedMethod,
    PublishedRun,
    PublishedTrial,
    Summary,
    TestSet,
    Versions,
    fold_ids,
    load_publication,
    of_method,
    of_run,
    publication_text,
)
from harness.results.replicates import (
    complete_replicates,
    concatenated,
    joined_values,
    separated,
)
from harness.results.source import StoreSource
from harness.statistics.intervals import Interval
from harness.store import Scope, Store
from harness.store.excerpts import excerpts_of


@dataclass(frozen=True)
class Published:
    """A Publication, and sentences on what of the store is not in it."""

    publication: Publication
    notes: tuple[str, ...]


def records_of_board(store: Store, wanted: Selector) -> list[Record]:
    """The Records of what would be published; UserError as there."""
    return _of_board(store, wanted)[0]


def _of_board(store: Store, wanted: Selector) -> tuple[list[Record], list[str], Scope]:
    scope = _one_scope(store, wanted)
    kept, notes = belonging(StoreSource(store).records(scope), admitted=wanted.admitted)
    if not kept:
        raise UserError(f"store {store.path}: holds no run that --only admits")
    trained = [record for record in kept if record.identity.distribution != ELSEWHERE]
    others = {one.identity.method for one in kept if one.identity.distribution == ELSEWHERE}
    if others:
        notes = [*notes, f"not published, because not trained here: {', '.join(sorted(others))}"]
    return trained, notes, scope


def build_publication(
    store: Store,
    *,
    protocol: str | None = None,
    dataset: str | None = None,
    select: Selector | None = None,
    audited: Sequence[str] = (),
) -> Published:
    """Publish what a store holds under one protocol and dataset, the newest version of a method.

    `select` in place of names. `audited`: the runs that were trained again and came out the same.
    Raises UserError where the store holds several boards that match, an unlocked protocol, no
    scores, or a run without digests or per-query scores.
    """
    wanted = select or Selector.parse(protocol=protocol, dataset=dataset)
    kept, notes, scope = _of_board(store, wanted)
    joined = store.concatenations(protocol_digest=scope.protocol_digest, dataset=scope.dataset)
    board = build_board(kept, joined)
    if board.semantics.scoring is None:
        raise UserError(f"store {store.path}: no run ended in scores: there is nothing to publish")
    for record in kept:
        _require_digests(store, record)
    files = SharedFiles(store)
    groups = _groups(kept)
    trials = StoreSource(store).trials(scope)
    shared = Publication.model_fields.keys() - {"semantics"}
    methods = [
        publish_method(group, joined, files, tried)
        for group, tried in zip(groups, _trials_of(groups, trials), strict=True)
    ]
    return Published(
        Publication(
            **{name: value for name, value in vars(board).items() if name in shared},
            semantics=Versions(training=board.semantics.training, scoring=board.semantics.scoring),
            environments=tuple(files.environments),
            test_sets=tuple(files.test_sets),
            audited=tuple(audited),
            methods=tuple(methods),
        ),
        tuple(note.replace("hidden", "left out") for note in notes),
    )


def _one_scope(store: Store, wanted: Selector) -> Scope:
    where = f"store {store.path}"
    found = matching_scopes(store.scopes(), wanted, where=where)
    if len(found) > 1:
        listed = "; ".join(described(scope) for scope in found[:4])
        raise UserError(
            f"{where}: holds several boards, and their runs are never mixed: {listed} "
            "(choose by --protocol, --dataset, each a name or digest, or --only FACT=VALUE)"
        )
    if found[0].unlocked:
        raise UserError(
            f"{where}: {found[0].protocol} is unlocked ({', '.join(found[0].unlocked)}): "
            "its runs cannot be published"
        )
    return found[0]


def _require_digests(store: Store, record: Record) -> None:
    if record.state != "done":
        return
    trained = record.declared.composition != "none"
    missing = "" if record.init_digest is not None else "initial weights"
    if not missing and trained and record.batches_digest is None:
        missing = "batches"
    if missing:
        raise UserError(
            f"store {store.path}: run {record.run_id} has no digest of its {missing}: "
            "that it was trained like the others cannot be shown"
        )


def _groups(records: Sequence[Record]) -> list[list[Record]]:
    """The Records of each row, by method and point, and in each by seed and fold."""

    def row(record: Record) -> tuple[str, ...]:
        identity, searched = record.identity, record.searched
        point = json.dumps(identity.hyperparameters, sort_keys=True)
        found = "" if searched is None else searched.model_dump_json()
        declared = record.declared.model_dump_json()
        return (identity.method, point, identity.trunk, record.chosen_by, found, declared)

    ordered = sorted(records, key=lambda one: (row(one), one.identity.seed, one.identity.fold))
    return [list(group) for _, group in groupby(ordered, row)]


def _trials_of(
    groups: Sequence[Sequence[Record]], trials: Sequence[Record]
) -> Iterator[list[Record]]:
    """The trials of each group's search; those of a search that found nothing go to the first."""
    of_search: dict[tuple[str, int | None], list[Record]] = {}
    for record in sorted(trials, key=lambda one: (one.identity.trial or 0, one.identity.fold)):
        of_search.setdefault((_version(record), record.identity.search), []).append(record)
    own = [(_version(first), first.searched and first.searched.search) for first, *_ in groups]
    for version, search in own:
        mine = [
            key
            for key in of_search
            if key == (version, search) or (key[0] == version and key not in own)
        ]
        yield [record for key in mine for record in of_search.pop(key)]


def _version(record: Record) -> str:
    """All of a method but the point of its space."""
    facts = of_method(record.identity) | {"hyperparameters": None}
    return json.dumps(facts, sort_keys=True)


Shared = TypeVar("Shared", dict[str, str], TestSet)


class SharedFiles:
    """What runs share: environments and test sets, each kept once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.environments: list[dict[str, str]] = []
        self.test_sets: list[TestSet] = []

    def sums(self, record: Record) -> tuple[int, dict[str, tuple[float, ...]]]:
        """The place of a run's test set, and its sums by class; UserError where arrays lack."""
        arrays = self._store.arrays(record)
        found = {metric: sums_of_arrays(arrays, metric) for metric in CLASS_METRICS}
        sums = {metric: one for metric, one in found.items() if one is not None}
        if missing := [metric for metric in found if metric not in sums]:
            raise UserError(
                f"store {self._store.path}: run {record.run_id} has no scores by query of "
                f"{missing[0]}: it could not be compared class by class"
            )
        one = sums[CLASS_METRICS[0]]
        test_set = TestSet(
            classes=tuple(one.classes.tolist()), queries=tuple(map(int, one.counts.tolist()))
        )
        return _place(self.test_sets, test_set), {m: one.rounded() for m, one in sums.items()}


def _place(kept: list[Shared], value: Shared) -> int:
    if value not in kept:
        kept.append(value)
    return kept.index(value)


def publish_method(
    records: Sequence[Record],
    joined: Sequence[Concatenation],
    files: SharedFiles,
    trials: Sequence[Record] = (),
) -> PublishedMethod:
    """Publish the Records of one method at one point, by seed and fold; there is at least one.

    `trials`: of the search that chose the point.
    """
    first = records[0]
    assert first.chosen_by != "trial", "trials are no replicates"
    runs = tuple(_run(record, files) for record in records)
    separated, concatenated = summaries(records, joined)
    hyperparameters = dict(sorted(first.identity.hyperparameters.items()))
    return PublishedMethod(
        **(of_method(first.identity) | {"hyperparameters": hyperparameters}),
        declared=first.declared,
        chosen_by=first.chosen_by,
        searched=first.searched,
        separated=separated,
        concatenated=concatenated,
        runs=runs,
        joined=_joined(runs, joined),
        trials=tuple(_trial(record, first, files) for record in trials),
    )


def _joined(runs: tuple[PublishedRun, ...], joined: Sequence[Concatenation]) -> tuple[Joined, ...]:
    known = {concatenation.run_ids: concatenation.scores for concatenation in joined}
    ids = {seed: fold_ids(runs, seed) for seed in dict.fromkeys(run.seed for run in runs)}
    return tuple(Joined(seed=s, scores=known[own]) for s, own in ids.items() if own in known)


def _run(record: Record, files: SharedFiles) -> PublishedRun:
    test_set, sums = files.sums(record) if record.scores is not None else (None, None)
    reason = record.reason and record.reason.model_copy(update={"traceback": ""})
    environment = _place(files.environments, record.environment)
    return PublishedRun(
        id=record.run_id,
        seed=record.identity.seed,
        fold=record.identity.fold,
        test_set=test_set,
        class_sums=sums,
        **(of_run(record) | {"reason": reason, "environment": environment}),
    )


def _trial(record: Record, row: Record, files: SharedFiles) -> PublishedTrial:
    return PublishedTrial(
        **_run(record, files).model_dump(),
        **{name: getattr(record.identity, name) for name in ("search", "trial")},
        hyperparameters=dict(sorted(record.identity.hyperparameters.items())),
        declared=None if record.declared == row.declared else record.declared,
    )


_DECIMALS = 6


def summaries(
    records: Sequence[Record], joined: Iterable[Concatenation]
) -> tuple[Summary, Summary]:
    """Intervals over the complete replicates of one row: of separate and of joined folds."""
    complete = complete_replicates(excerpts_of(records), records[0].folds)
    known = {concatenation.run_ids: concatenation for concatenation in joined}
    joined_folds = joined_values(complete, known)
    return _summary(separated(complete)), _summary(concatenated(joined_folds))


def _summary(intervals: Mapping[str, Interval]) -> Summary:
    return {
        name: (_round(found.mean), _round(found.low), _round(found.high), found.n)
        for name, found in sorted(intervals.items())
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS) + 0.0


def results_path(folder: Path, publication: Publication) -> Path:
    """Where a publication belongs: FOLDER/PROTOCOL/DATASET.json.

    Where other data of that name are recorded there, as two folders `images` are, the name has the
    beginning of the digest too.
    """
    for name in (publication.protocol, publication.dataset):
        if "/" in name or "\\" in name or name.startswith("."):
            raise UserError(f"'{name}' cannot be the name of a file in {folder}")
    path = folder / publication.protocol / f"{publication.dataset}.json"
    if path.is_file():
        with suppress(UserError):
            if load_publication(path).dataset_digest != publication.dataset_digest:
                return path.with_stem(f"{publication.dataset}-{publication.dataset_digest[:8]}")
    return path


def write_publication(publication: Publication, path: Path, *, replace: bool = False) -> bool:
    """Write a publication; return whether the file changed.

    Raises UserError, and leaves the file alone, if it is not an earlier state of the same runs,
    unless `replace` is given.
    """
    text = publication_text(publication)
    if path.exists():
        if not replace:
            _refuse_loss(publication, path)
        if path.is_file() and path.read_bytes() == text.encode():
            return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None
    return True


def _refuse_loss(publication: Publication, path: Path) -> None:
    try:
        before = load_publication(path)
    except UserError as error:
        raise UserError(f"{error}; nothing is written over it (--replace does)") from None
    there = _done(before)
    if lost := there - _done(publication):
        raise UserError(
            f"{path}: {len(lost)} of its {len(there)} runs are not in the store and would "
            "be lost; nothing is written over it (--replace does)"
        )


def _done(publication: Publication) -> set[str]:
    runs = (run for method in publication.methods for run in (*method.runs, *method.trials))
    return {run.id for run in runs if run.state == "done"}
