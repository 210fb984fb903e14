"""Closed sets, parts that a dataset comes with, and very few labels."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from harness.data.splits import known_labels, make_split
from harness.errors import UserError
from harness.protocol.model import ClosedSetSplit, GivenClassesSplit, GivenSplit

LABELS = np.repeat(np.arange(6), 10).astype(np.int64)


def dataset(parts: np.ndarray | None = None) -> Dataset:
    return Dataset(
        name="tiny",
        inputs=np.zeros((len(LABELS), 2), dtype=np.float32),
        labels=LABELS.copy(),
        class_names=tuple("abcdef"),
        source="here",
        licence="MIT",
        parts=parts,
    )


def given(*, validation: int) -> np.ndarray:
    """Of each class the first samples train, `validation` validate, and three test."""
    of_class = np.array([TRAIN] * (7 - validation) + [VALIDATION] * validation + [TEST] * 3)
    return np.tile(of_class, 6).astype(np.int8)


def closed(**values: float) -> ClosedSetSplit:
    fixed = {"test_fraction": 0.3, "validation_fraction": 0.2, "folds": 2, "labelled_fraction": 1.0}
    return ClosedSetSplit(**{"kind": "closed-set", **fixed, **values})


def given_rule(fraction: float) -> GivenSplit:
    return GivenSplit(kind="given", validation_fraction=fraction, folds=2, labelled_fraction=1.0)


def counts(positions: np.ndarray) -> list[int]:
    return np.bincount(LABELS[positions], minlength=6).tolist()


def test_a_closed_set_has_every_class_in_every_part() -> None:
    split = make_split(dataset(), closed(), fold=0, seed=0)
    assert counts(split.test) == [3] * 6
    assert counts(split.validation) == [2] * 6
    assert counts(split.train) == [5] * 6


def test_the_parts_are_disjoint_and_whole() -> None:
    split = make_split(dataset(), closed(), fold=0, seed=0)
    together = np.concatenate([split.train, split.validation, split.test])
    assert sorted(together.tolist()) == list(range(len(LABELS)))


def test_folds_share_the_test_part_and_not_the_validation_part() -> None:
    first, second = (make_split(dataset(), closed(), fold=fold, seed=3) for fold in (0, 1))
    assert first.test.tolist() == second.test.tolist()
    assert first.validation.tolist() != second.validation.tolist()


def test_a_given_split_is_taken_as_it_is() -> None:
    parts = given(validation=2)
    split = make_split(dataset(parts), given_rule(0.0), fold=0, seed=0)
    for positions, part in ((split.train, 0), (split.validation, 1), (split.test, 2)):
        assert positions.tolist() == np.flatnonzero(parts == part).tolist()


def test_a_validation_part_is_drawn_from_the_given_training_part() -> None:
    parts = given(validation=0)
    split = make_split(dataset(parts), given_rule(0.3), fold=0, seed=0)
    assert counts(split.validation) == [2] * 6
    assert set(split.validation) | set(split.train) == set(np.flatnonzero(parts == TRAIN))


def test_given_test_classes_are_left_out_of_the_class_folds() -> None:
    parts = np.where(LABELS >= 4, TEST, TRAIN).astype(np.int8)
    rule = GivenClassesSplit(kind="given-classes", folds=2, fold_rule="even", labelled_fraction=1.0)
    split = make_split(dataset(parts), rule, fold=0, seed=0)
    assert set(LABELS[split.test]) == {4, 5}
    assert set(LABELS[split.validation]) == {2, 3}
    assert set(LABELS[split.train]) == {0, 1}


@pytest.mark.parametrize(
    ("parts", "rule", "said"),
    [
        (None, given_rule(0.3), "comes with no parts"),
        (given(validation=0), given_rule(0.0), "no validation part"),
        (
            given(validation=0),
            GivenClassesSplit(
                kind="given-classes", folds=2, fold_rule="even", labelled_fraction=1.0
            ),
            "training classes as well",
        ),
        (None, closed(test_fraction=0.9), "too few for a validation part"),
    ],
)
def test_what_cannot_be_split_is_refused(
    parts: np.ndarray | None, rule: ClosedSetSplit, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        make_split(dataset(parts), rule, fold=0, seed=0)


def test_few_labels_come_as_pairs_of_as_many_classes_as_they_allow() -> None:
    known = known_labels(LABELS, 0.1, fold=0, seed=0)  # 6 labels for 6 classes
    assert sorted(counts(np.flatnonzero(known))) == [0, 0, 0, 2, 2, 2]


def test_enough_labels_reach_every_class() -> None:
    known = known_labels(LABELS, 0.2, fold=0, seed=0)
    assert counts(np.flatnonzero(known)) == [2] * 6


def test_parts_decide_the_digest() -> None:
    assert dataset(given(validation=0)).digest != dataset(given(validation=2)).digest
    assert dataset().digest != dataset(given(validation=0)).digest


@pytest.mark.parametrize("parts", [np.zeros(3, np.int8), np.full(60, 3, np.int8), np.zeros(60)])
def test_parts_that_are_none_are_refused(parts: np.ndarray) -> None:
    with pytest.raises(ValueError, match="parts must be"):
        dataset(parts)
