"""Another system's embeddings of a board's test part, as a row that was not trained here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.artifacts import Arrays, RunArray
from harness.errors import NotComparable, UserError, plain
from harness.execution.scores import score_part, score_replicate
from harness.reading import Reading, open_source, read_embeddings
from harness.reading.labels import label_column, settled
from harness.record import ELSEWHERE, Concatenation, Declared, Record
from harness.rescoring.rescore import RuleBook
from harness.results.source import StoreSource
from harness.store import Scope, Store

_LONGEST = 60
_DECLARED = Declared(composition="none", views=1, labels="unsaid", members=1, setting="any")


@dataclass(frozen=True)
class AddedRow:
    """The runs of the new row, and whether the file's labels were there to be compared."""

    records: tuple[Record, ...]
    checked: bool


def add_embeddings(  # noqa: PLR0913 - what is added, where, and by which rules
    name: str,
    path: Path,
    store: Store,
    scope: Scope,
    rules: RuleBook,
    *,
    reading: Reading,
    in_order: bool = False,
) -> AddedRow:
    """Put embeddings of the test part on a board of a store, under a name of their own.

    A file has a row for each test sample, or for each sample of the dataset, in the order of the
    data; its labels must divide the test part as the data's do. `in_order`: take a file without
    labels at its word. All folds get the same scores: it is one run. Raises UserError for a name
    that a method has, and NotComparable where the rows are not those of the test part.
    """
    if not name.strip() or plain(name, _LONGEST) != name:
        raise UserError(f"'{name}' cannot be a row's name (up to {_LONGEST} plain characters)")
    recorded = StoreSource(store).records(scope)
    trained = [one for one in recorded if one.identity.distribution != ELSEWHERE]
    if any(one.identity.method == name for one in trained):
        raise UserError(f"'{name}' is a method of this board: give the embeddings another name")
    first = next((one for one in trained if one.state == "done" and one.artifact), None)
    if first is None:
        raise UserError(
            f"store {store.path}: {scope.protocol} on {scope.dataset}: no run has left the test "
            "part that the embeddings are of"
        )
    rule = rules.rule(first)
    if rule.gallery == "train" or rule.classifiers:
        raise UserError(
            f"protocol '{scope.protocol}' scores with the training part: embeddings of the test "
            "part are not enough"
        )
    arrays = store.arrays(first)
    test, checked = _of_test_part(path, reading, arrays, in_order=in_order)
    facts = (
        RunArray.TEST_LABELS,
        RunArray.TEST_POSITIONS,
        RunArray.TEST_ROLES,
        RunArray.TEST_EXCLUDE,
    )
    arrays = {str(one): arrays[one] for one in facts if one in arrays}
    arrays[RunArray.TEST_EMBEDDINGS] = test
    scores, by_query = score_part(arrays, rule, metrics=(), seed=0)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    identity = {
        **first.identity.model_dump(),
        "method": name,
        "distribution": ELSEWHERE,
        "version": "1",
        "source": hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        "hyperparameters": {},
        "libraries": (),
        "seed": 0,
    }
    made = []
    for fold in range(first.folds):
        record = Record(
            identity=type(first.identity)(**{**identity, "fold": fold}),
            declared=_DECLARED,
            folds=first.folds,
            replicates=first.replicates,
            looks=first.looks,
            chosen_by="default",
            state="done",
            test_digest=first.test_digest,
            scores=scores,
            started=now,
            finished=now,
        )
        made.append(store.put(record, {**arrays, **by_query}))
    run_ids = tuple(record.run_id for record in made)
    joined = score_replicate(made, lambda _: arrays, rule, metrics=())
    store.put_concatenation(Concatenation(run_ids=run_ids, scores=joined))
    return AddedRow(tuple(made), checked)


def _of_test_part(
    path: Path, reading: Reading, arrays: Arrays, *, in_order: bool
) -> tuple[npt.NDArray[np.float32], bool]:
    """The rows of the test part in the order of the run's, and whether labels said so."""
    found = read_embeddings(path, reading)
    rows = np.asarray(found.rows, dtype=np.float32)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise UserError(f"{path}: embeddings are finite numbers of shape (rows, dimensions)")
    positions, truth = arrays[RunArray.TEST_POSITIONS], arrays[RunArray.TEST_LABELS]
    whole = len(rows) > len(positions) and len(rows) > int(positions.max())
    if not whole and len(rows) != len(positions):
        raise NotComparable(
            f"{path}: has {len(rows):,} rows; the test part has {len(positions):,} samples "
            "(give a row for each of them, or for each sample of the data, in the data's order)"
        )
    # Sorted, the test part is in the order of the data.
    place = positions if whole else np.argsort(np.argsort(positions))
    labels = _labels(path, reading)
    if labels is None:
        if not in_order:
            raise UserError(
                f"{path}: has no labels to tell that its rows are those of the test part: "
                "--in-order takes them as they come"
            )
        return rows[place], False
    if not _divide_alike(labels[place], truth):
        raise NotComparable(
            f"{path}: its labels divide the samples otherwise than the test part's: its rows are "
            "of other samples, or in another order"
        )
    return rows[place], True


def _labels(path: Path, reading: Reading) -> npt.NDArray[Any] | None:
    source = open_source(path, reading)
    if len(source.names) == 1 and reading.label_column is None:
        return None
    name = label_column(source, reading)
    return None if name is None else settled(source.column(name), str(path), reading).values


def _divide_alike(first: Sequence[Any] | npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    """Whether two labellings have the same groups, whatever these are called."""
    codes = [np.unique(one, return_inverse=True)[1] for one in (first, second)]
    pairs = len(np.unique(np.stack(codes), axis=1).T)
    return all(int(one.max()) + 1 == pairs for one in codes)
