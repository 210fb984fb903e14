from __future__ import annotations

import numpy as np
import pytest

from harness.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from harness.data.own import fitting_split
from harness.data.splits import make_split
from harness.errors import UserError
from harness.protocol.model import (
    ClassDisjointSplit,
    ClosedSetSplit,
    GivenClassesSplit,
    GivenSplit,
)

RULES = {
    "class-disjoint": ClassDisjointSplit(
        kind="class-disjoint", test_fraction=0.5, folds=4, fold_rule="even", labelled_fraction=1.0
    ),
    "given-classes": GivenClassesSplit(
        kind="given-classes", folds=2, fold_rule="even", labelled_fraction=1.0
    ),
    "closed-set": ClosedSetSplit(
        kind="closed-set",
        test_fraction=0.25,
        validation_fraction=0.25,
        folds=1,
        labelled_fraction=1.0,
    ),
    "given": GivenSplit(kind="given", validation_fraction=0.25, folds=1, labelled_fraction=1.0),
}


def dataset_of(labels: list[int], parts: list[int] | None = None) -> Dataset:
    return Dataset(
        name="mine",
        inputs=np.zeros((len(labels), 2), dtype=np.float32),
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(f"class {number}" for number in range(max(labels) + 1)),
        source="tests",
        licence="MIT",
        parts=None if parts is None else np.array(parts, dtype=np.int8),
    )


@pytest.mark.parametrize(
    ("dataset", "kind", "reason"),
    [
        (dataset_of([*range(8)] * 2), "class-disjoint", "8 classes: tested on classes that"),
        (dataset_of([*range(7)] * 6), "closed-set", "7 classes, fewer than 8: tested on further"),
        (
            dataset_of([0, 0, 1, 1, 2, 2], [TRAIN, TRAIN, VALIDATION, VALIDATION, TEST, TEST]),
            "given-classes",
            "its own parts share no class: tested on its 1 test classes",
        ),
        (
            dataset_of([0, 1] * 8, [TRAIN] * 12 + [TEST] * 4),
            "given",
            "its own parts, of the same 2 classes",
        ),
    ],
)
def test_the_fitting_split_can_be_made(dataset: Dataset, kind: str, reason: str):
    fit = fitting_split(dataset)

    assert fit.kind == kind
    assert fit.reason.startswith(reason)
    split = make_split(dataset, RULES[fit.kind], fold=0, seed=0)
    assert min(len(split.train), len(split.validation), len(split.test)) > 0


@pytest.mark.parametrize(
    ("dataset", "complaint"),
    [
        (dataset_of([0] * 9 + [1] * 5), "class class 1 has 5 samples, too few to split"),
        (dataset_of([0, 1, 0], [TRAIN, TRAIN, TRAIN]), "its test part is empty"),
        (dataset_of([0, 1, 0], [TEST, TEST, TEST]), "its training part is empty"),
        (
            dataset_of([0, 0, 0, 1], [TRAIN, TRAIN, TEST, TEST]),
            "1 of 2 test classes are missing from its training part .the first: class 1",
        ),
    ],
)
def test_data_that_no_split_fits_are_refused(dataset: Dataset, complaint: str):
    with pytest.raises(UserError, match=complaint):
        fitting_split(dataset)
