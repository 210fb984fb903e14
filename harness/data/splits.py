"""Splits and folds: labels in, sample positions out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from harness.data.streams import numpy_stream
from harness.errors import UserError
from harness.protocol.model import (
    ClassDisjointSplit,
    ClosedSetSplit,
    GivenClassesSplit,
    SplitRule,
)

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Sample positions of the three parts, each ascending, int64.

    `known`: bool, one per training sample: whether its label is known.
    """

    train: Positions
    validation: Positions
    test: Positions
    known: npt.NDArray[np.bool_]


def part_digest(positions: Positions, labels: npt.NDArray[np.int64]) -> str:
    """sha256 over the positions and the labels of a part's samples, first 16 digits."""
    digest = hashlib.sha256(positions.astype("<i8").tobytes())
    digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class ClassFold:
    """Positions in the sorted list of train+validation classes."""

    train: tuple[int, ...]
    validation: tuple[int, ...]


def class_folds(classes: int, folds: int, rule: str) -> list[ClassFold]:
    """Contiguous class folds, deterministic and not shuffled; fold 0 validates the last block.

    Both rules start fold i at int(i * classes / folds). `mlrc` is the reality check's own code
    (powerful-benchmarker, mlrc_split_manager.py): every validation block has int(classes / folds)
    classes, so that with a remainder some classes are never validated. `even` gives each block
    all classes up to the next start, so that each is validated exactly once.
    """
    if classes < folds:
        raise UserError(f"{classes} training classes cannot make {folds} class folds")
    starts = [index * classes // folds for index in range(folds + 1)]
    result = []
    for fold in range(folds):
        block = (fold - 1) % folds
        size = classes // folds if rule == "mlrc" else starts[block + 1] - starts[block]
        start = starts[fold % folds]
        train_size = classes - size
        ring = [(start + step) % classes for step in range(classes)]
        result.append(ClassFold(tuple(ring[:train_size]), tuple(ring[train_size:])))
    return result


def make_split(dataset: Dataset, rule: SplitRule, *, fold: int, seed: int) -> Split:
    """Split a dataset by the protocol's rule.

    `seed` decides only which labels are known where the labelled fraction is below one. Raises
    UserError for too few classes or samples, and where a given part is asked for and there is
    none.
    """
    labels = dataset.labels
    if isinstance(rule, ClassDisjointSplit):
        return class_disjoint_split(labels, rule, fold=fold, seed=seed)
    if isinstance(rule, ClosedSetSplit):
        test = _drawn(labels, np.arange(len(labels)), rule.test_fraction, "test part")
        rest = np.setdiff1d(np.arange(len(labels)), test)
        validation = _drawn(labels, rest, rule.validation_fraction, "validation part", fold)
        return _assembled(labels, rule, (rest, validation, test), fold=fold, seed=seed)
    train, given, test = (_given(dataset, part) for part in (TRAIN, VALIDATION, TEST))
    if isinstance(rule, GivenClassesSplit) and rule.validation == "given":
        return _assembled(labels, rule, (train, given, test), fold=fold, seed=seed)
    if isinstance(rule, GivenClassesSplit):
        return _disjoint(labels, rule, np.union1d(train, given), test, fold=fold, seed=seed)
    validation = given
    if rule.validation_fraction:
        train = np.union1d(train, given)
        validation = _drawn(labels, train, rule.validation_fraction, "validation part", fold)
    elif not len(given):
        raise UserError(
            f"dataset {dataset.name} comes with no validation part: "
            "split.validation_fraction must be above 0"
        )
    return _assembled(labels, rule, (train, validation, test), fold=fold, seed=seed)


def class_disjoint_split(
    labels: npt.NDArray[np.int64], rule: ClassDisjointSplit, *, fold: int, seed: int
) -> Split:
    """Split by class: the last classes test, one fold of the others validates, the rest train.

    They are in the order of their numbers, or in that of a draw by the rule's `class_seed`.
    `labels`: int64 (N,). Raises UserError if there are too few classes for the folds.
    """
    classes = _in_order(np.unique(labels), rule)
    tested = classes[len(classes) - round(len(classes) * rule.test_fraction) :]
    is_test = np.isin(labels, tested)
    rest, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    return _disjoint(labels, rule, rest, test, fold=fold, seed=seed)


def _disjoint(
    labels: npt.NDArray[np.int64],
    rule: ClassDisjointSplit | GivenClassesSplit,
    rest: Positions,
    test: Positions,
    *,
    fold: int,
    seed: int,
) -> Split:
    classes = np.unique(labels[rest])
    shared = np.intersect1d(classes, labels[test])
    if len(shared):
        raise UserError(f"{len(shared)} test classes are training classes as well")
    classes = _in_order(classes, rule)
    validating = class_folds(len(classes), rule.folds, rule.fold_rule)[fold].validation
    validation = rest[np.isin(labels[rest], classes[list(validating)])]
    return _assembled(labels, rule, (rest, validation, test), fold=fold, seed=seed)


def _in_order(
    classes: npt.NDArray[np.int64], rule: ClassDisjointSplit | GivenClassesSplit
) -> npt.NDArray[np.int64]:
    """Classes as they come, or as the rule's draw has them."""
    if rule.class_seed is None:
        return classes
    drawn: npt.NDArray[np.int64] = numpy_stream(rule.class_seed, "class order").permutation(classes)
    return drawn


def _assembled(
    labels: npt.NDArray[np.int64],
    rule: SplitRule,
    parts: tuple[Positions, Positions, Positions],
    *,
    fold: int,
    seed: int,
) -> Split:
    """A Split of training samples (those of validation among them or not), validation and test."""
    train = np.setdiff1d(parts[0], parts[1])
    known = known_labels(labels[train], rule.labelled_fraction, fold=fold, seed=seed)
    return Split(train=train, validation=parts[1], test=parts[2], known=known)


def _given(dataset: Dataset, part: int) -> Positions:
    if dataset.parts is None:
        raise UserError(f"dataset {dataset.name} comes with no parts: it has no given split")
    return np.flatnonzero(dataset.parts == part)


def _drawn(
    labels: npt.NDArray[np.int64], among: Positions, share: float, name: str, fold: int = 0
) -> Positions:
    """That share of each class of `among`, two samples at least and leaving two; ascending."""
    draw = numpy_stream(0, name, fold)
    chosen = []
    for label in np.unique(labels[among]):
        members = among[labels[among] == label]
        count = min(len(members) - 2, max(2, round(share * len(members))))
        if count < 2:
            raise UserError(
                f"class {label} has {len(members)} samples left: too few for a {name} "
                "(two for it and two besides)"
            )
        chosen.append(draw.choice(members, size=count, replace=False))
    return np.sort(np.concatenate(chosen))


def known_labels(
    labels: npt.NDArray[np.int64], fraction: float, *, fold: int, seed: int
) -> npt.NDArray[np.bool_]:
    """Choose whose labels are known: that share of each class, at least two samples of it.

    Where that share of all is less than two of each class, as many classes as it allows have two
    known samples, and the others none: single samples would make no positive pair.
    """
    known = np.ones(len(labels), dtype=np.bool_)
    if fraction == 1.0:
        return known
    draw = numpy_stream(seed, "known labels", fold)
    known[:] = False
    classes = np.unique(labels)
    budget = round(fraction * len(labels))
    scarce = budget < 2 * len(classes)
    if scarce:
        classes = np.sort(draw.permutation(classes)[: max(2, budget // 2)])
    for label in classes:
        members = np.flatnonzero(labels == label)
        wanted = 2 if scarce else max(2, round(fraction * len(members)))
        known[draw.choice(members, size=min(len(members), wanted), replace=False)] = True
    return known
