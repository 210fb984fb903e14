from __future__ import annotations

import numpy as np
import pytest

from harness.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from harness.data.loading import copies
from harness.data.own import described, fitting_split
from harness.data.splits import make_split
from harness.errors import UserError
from harness.protocol import load_protocol
from harness.protocol.model import SplitRule


def dataset_of(labels: list[int], parts: list[int] | None = None) -> Dataset:
    used = sorted(set(labels))
    return Dataset(
        name="mine",
        inputs=np.arange(2 * len(labels), dtype=np.float32).reshape(-1, 2),
        labels=np.array([used.index(label) for label in labels], dtype=np.int64),
        class_names=tuple(f"class {number}" for number in used),
        source="tests",
        licence="MIT",
        parts=None if parts is None else np.array(parts, dtype=np.int8),
    )


def rule_of(dataset: Dataset, protocol: str = "reality-check-small") -> SplitRule:
    return load_protocol(protocol, overrides=[fitting_split(dataset)[0].override]).split


ONE_EACH = [TRAIN, VALIDATION, TEST]


@pytest.mark.parametrize(
    ("dataset", "override", "reason"),
    [
        (dataset_of([*range(8)] * 4), "class-disjoint,seeded,folds=2", "8 classes: tested on cl"),
        (dataset_of([*range(90)] * 2), "class-disjoint,seeded", "90 classes: tested on classes"),
        (dataset_of([*range(7)] * 6), "closed-set,test=0.2", "7 classes, fewer than 8"),
        (
            dataset_of([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [TRAIN] * 8 + [TEST] * 2),
            "given-classes,seeded,folds=2",
            "its own parts share no class: tested on its 1 test classes",
        ),
        (
            dataset_of([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
                       [TRAIN] * 4 + [VALIDATION] * 4 + [TEST] * 4),
            "given-classes,validation=given",
            "its own parts share no class: tested on its 2 test classes (given-classes); selection",
        ),
        (
            dataset_of([0, 1] * 8, [TRAIN] * 12 + [TEST] * 4),
            "given",
            "its own parts, of the same 2 classes (given); a validation part is taken from",
        ),
        (
            dataset_of([0, 0, 0, 1, 1, 1] * 4, ONE_EACH * 8),
            "given,validation=given",
            "its own parts, of the same 2 classes (given); selection by its own validation part",
        ),
        (
            dataset_of([0] * 6 + [1] * 6 + [2, 2, 3, 3], [TRAIN] * 12 + [TEST] * 4),
            "given",
            "its own parts share no class: tested on its 2 test classes (given); 2 training",
        ),
    ],
)  # fmt: skip
def test_the_fitting_split_is_said_and_can_be_made(dataset: Dataset, override: str, reason: str):
    own, said = fitting_split(dataset)

    assert own.override == f"data=mine:{override}"
    assert said.startswith(reason)
    rule = rule_of(dataset)
    for fold in range(rule.folds):
        split = make_split(dataset, rule, fold=fold, seed=0)
        assert min(len(split.train), len(split.validation), len(split.test)) > 0
        joined = np.concatenate((split.train, split.validation, split.test))
        assert len(np.unique(joined)) == len(joined)


@pytest.mark.parametrize("classes", range(8, 25))
def test_every_fold_of_a_few_classes_can_train_and_validate(classes: int):
    dataset = dataset_of([*range(classes)] * 3)
    rule = rule_of(dataset)

    assert list(described(dataset, rule))
    for fold in range(rule.folds):
        split = make_split(dataset, rule, fold=fold, seed=0)
        parts = (split.train, split.validation, split.test)
        assert all(len(np.unique(dataset.labels[part])) >= 2 for part in parts)
    assert 2 <= rule.folds <= 4


def test_tested_classes_are_drawn_and_not_those_of_the_last_names():
    dataset = dataset_of([*range(40)] * 2)

    tested = np.unique(dataset.labels[make_split(dataset, rule_of(dataset), fold=0, seed=0).test])

    assert len(tested) == 20
    assert tested.min() < 10
    again = make_split(dataset, rule_of(dataset), fold=0, seed=1)
    assert np.unique(dataset.labels[again.test]).tolist() == tested.tolist()


def test_the_given_validation_part_is_used():
    dataset = dataset_of([0, 0, 0, 1, 1, 1] * 4, ONE_EACH * 8)
    split = make_split(dataset, rule_of(dataset), fold=0, seed=0)

    assert dataset.parts is not None
    np.testing.assert_array_equal(split.validation, np.flatnonzero(dataset.parts == VALIDATION))


@pytest.mark.parametrize(
    ("dataset", "complaint"),
    [
        (dataset_of([0] * 9 + [1] * 5), "class class 1 has 5 samples, too few to split"),
        (dataset_of([*range(30)]), "each of its 30 classes has one sample"),
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


def test_a_part_without_two_of_a_class_is_refused_before_the_first_run():
    dataset = dataset_of([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6], [TRAIN] * 8 + [TEST] * 3)

    with pytest.raises(UserError, match="no class of its test part has two samples"):
        list(described(dataset, rule_of(dataset)))


def test_what_is_understood_is_said():
    dataset = dataset_of([*range(10)] * 4 + [0])

    assert list(described(dataset, rule_of(dataset))) == [
        "41 vectors (2) of 10 classes, 4 to 5 samples each",
        "8 for training (2 classes), 12 for validation (3 classes), 21 for test (5 classes); "
        "2 folds, of which this is the first",
    ]


def test_copies_across_classes_and_into_the_test_are_told():
    dataset = Dataset(
        name="mine",
        inputs=np.array([[1.0], [1.0], [2.0], [3.0], [3.0]], dtype=np.float32),
        labels=np.array([0, 1, 0, 1, 1], dtype=np.int64),
        class_names=("a", "b"),
        source="tests",
        licence="MIT",
    )

    assert list(copies(dataset, np.array([4]))) == [
        "1 vectors stand under several classes (the first: samples 0 and 1, of a and b)",
        "1 vectors stand in the test part and outside of it (the first: samples 4 and 3)",
    ]
