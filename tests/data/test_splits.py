"""Class folds and class-disjoint splits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.data.splits import class_disjoint_split, class_folds, known_labels
from harness.errors import UserError
from harness.protocol.model import ClassDisjointSplit

# 1.2 of the reference: the reality check's folds as (train; validation), inclusive positions in
# the sorted list of train+validation classes; ranges wrap.
MLRC = {
    "cub200": (
        100,
        [((0, 74), (75, 99)), ((25, 99), (0, 24)), ((50, 24), (25, 49)), ((75, 49), (50, 74))],
    ),
    "cars196": (
        98,
        [((0, 73), (74, 97)), ((24, 97), (0, 23)), ((49, 24), (25, 48)), ((73, 48), (49, 72))],
    ),
    "sop": (
        11_317,
        [
            ((0, 8487), (8488, 11_316)),
            ((2829, 11_316), (0, 2828)),
            ((5658, 2828), (2829, 5657)),
            ((8487, 5657), (5658, 8486)),
        ],
    ),
}
NEVER_VALIDATED = {"cub200": set(), "cars196": {24, 73}, "sop": {8487}}

# Ten classes of four samples, shuffled: the last five classes test, two or three validate.
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 4)).astype(np.int64)


def rule(**values: Any) -> ClassDisjointSplit:
    fixed = {"kind": "class-disjoint", "test_fraction": 0.5, "folds": 2, "fold_rule": "even"}
    return ClassDisjointSplit(**{**fixed, "labelled_fraction": 1.0, **values})


def wrapped(first: int, last: int, count: int) -> list[int]:
    """Positions from first to last, inclusive, around the end if last comes before first."""
    return [place % count for place in range(first, last + (count if last < first else 0) + 1)]


@pytest.mark.parametrize("name", MLRC)
def test_mlrc_folds_are_those_of_the_paper(name: str) -> None:
    count, folds = MLRC[name]
    found = [(list(f.train), list(f.validation)) for f in class_folds(count, 4, "mlrc")]
    assert found == [(wrapped(*train, count), wrapped(*val, count)) for train, val in folds]


@pytest.mark.parametrize("name", MLRC)
def test_mlrc_folds_leave_the_classes_unvalidated_that_the_paper_left(name: str) -> None:
    count, _ = MLRC[name]
    validated = {place for fold in class_folds(count, 4, "mlrc") for place in fold.validation}
    assert set(range(count)) - validated == NEVER_VALIDATED[name]


@pytest.mark.parametrize(("classes", "folds"), [(98, 4), (100, 4), (11_317, 4), (5, 2), (7, 7)])
def test_even_folds_validate_every_class_exactly_once(classes: int, folds: int) -> None:
    validated = [place for fold in class_folds(classes, folds, "even") for place in fold.validation]
    assert sorted(validated) == list(range(classes))


@pytest.mark.parametrize("fold_rule", ["even", "mlrc"])
def test_every_fold_trains_on_the_classes_that_it_does_not_validate(fold_rule: str) -> None:
    for fold in class_folds(98, 4, fold_rule):
        assert sorted(fold.train + fold.validation) == list(range(98))


def test_the_two_rules_agree_where_nothing_is_rounded() -> None:
    assert class_folds(100, 4, "even") == class_folds(100, 4, "mlrc")


def test_too_few_classes_for_the_folds_are_refused() -> None:
    with pytest.raises(UserError, match=r"^3 training classes cannot make 4 class folds$"):
        class_folds(3, 4, "even")


@pytest.mark.parametrize("fold", [0, 1])
def test_the_parts_share_no_class_and_leave_no_sample_out(fold: int) -> None:
    split = class_disjoint_split(LABELS, rule(), fold=fold, seed=0)
    parts = [split.train, split.validation, split.test]
    classes = [label for part in parts for label in set(LABELS[part].tolist())]
    assert sorted(classes) == list(range(10))
    assert sorted(np.concatenate(parts).tolist()) == list(range(40))


def test_the_last_classes_test_whatever_the_fold() -> None:
    for fold in (0, 1):
        split = class_disjoint_split(LABELS, rule(), fold=fold, seed=0)
        assert set(LABELS[split.test].tolist()) == {5, 6, 7, 8, 9}


def test_positions_ascend() -> None:
    split = class_disjoint_split(LABELS, rule(), fold=1, seed=0)
    for part in (split.train, split.validation, split.test):
        assert (np.diff(part) > 0).all()


def test_the_test_fraction_is_of_classes() -> None:
    split = class_disjoint_split(LABELS, rule(test_fraction=0.3), fold=0, seed=0)
    assert set(LABELS[split.test].tolist()) == {7, 8, 9}


def test_labels_need_not_be_consecutive() -> None:
    split = class_disjoint_split(LABELS * 10 + 3, rule(), fold=0, seed=0)
    plain = class_disjoint_split(LABELS, rule(), fold=0, seed=0)
    assert np.array_equal(split.validation, plain.validation)


def test_a_split_of_a_fully_labelled_part_does_not_depend_on_the_seed() -> None:
    one, other = (class_disjoint_split(LABELS, rule(), fold=0, seed=seed) for seed in (0, 1))
    assert np.array_equal(one.train, other.train)
    assert one.known.all()
    assert other.known.all()


def test_known_labels_are_one_for_each_training_sample() -> None:
    split = class_disjoint_split(LABELS, rule(labelled_fraction=0.5), fold=0, seed=0)
    assert split.known.shape == split.train.shape
    assert np.bincount(LABELS[split.train][split.known], minlength=2).tolist()[:2] == [2, 2]


def known(seed: int = 0, fold: int = 0, fraction: float = 0.25) -> np.ndarray:
    """Which labels are known of classes of 40, 20 and 4 samples."""
    labels = np.repeat(np.arange(3), (40, 20, 4)).astype(np.int64)
    return known_labels(labels, fraction, fold=fold, seed=seed)


def test_known_labels_are_that_share_of_each_class_and_at_least_two() -> None:
    labels = np.repeat(np.arange(3), (40, 20, 4))
    assert np.bincount(labels[known()]).tolist() == [10, 5, 2]


def test_a_class_of_one_sample_is_known_whole() -> None:
    assert known_labels(np.zeros(1, dtype=np.int64), 0.1, fold=0, seed=0).all()


def test_known_labels_are_drawn_from_their_own_stream() -> None:
    np.random.seed(1)
    one = known()
    np.random.seed(2)
    assert np.array_equal(one, known())


@pytest.mark.parametrize("other", [{"seed": 1}, {"fold": 1}])
def test_known_labels_depend_on_seed_and_fold(other: dict[str, int]) -> None:
    assert not np.array_equal(known(), known(**other))


def test_all_labels_are_known_at_a_fraction_of_one() -> None:
    assert known(fraction=1.0).all()
