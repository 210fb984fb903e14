"""Which way of splitting a person's data fits, and why, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from harness.data.splits import has_roles, make_split
from harness.errors import UserError, counted
from harness.protocol.model import CLOSED_SETS, SplitRule
from harness.protocol.own_data import OwnData

# Half of them test; the others must fill two class folds of two classes.
FEWEST_CLASSES = 8
# Two samples each to train with, to validate with and to test with.
_FEWEST_SAMPLES = 6
# A fold cannot validate with one class.
_FOLD_CLASSES = 2
_MANY_FOLDS = 10
# Of the samples of a class; protocols that split classes have a share of those.
_TEST_SHARE = 0.2


def fitting_split(dataset: Dataset, *, corrected: bool = False) -> tuple[OwnData, str]:
    """Choose the split of a dataset by its parts and the number of its classes, and say why.

    `corrected`: it is for `bench correct`, where a user decides what is learned from. Queries
    search the gallery where the data have both. Raises UserError where no split fits: too few
    classes, or too few samples in one.
    """
    if corrected:
        return OwnData(dataset.name, "closed-set"), "scored on what the user never corrects"
    own, reason = _fitting(dataset)
    parts = np.full(len(dataset), TEST) if dataset.parts is None else dataset.parts
    if not has_roles(dataset.attributes, parts == TEST):
        return own, reason
    return replace(own, by_roles=True), f"{reason}; its queries search its gallery"


def _fitting(dataset: Dataset) -> tuple[OwnData, str]:
    if dataset.parts is not None:
        return _given(dataset, dataset.parts)
    used, counts = np.unique(dataset.labels, return_counts=True)
    if counts.max() < 2:
        raise UserError(
            f"dataset {dataset.name}: each of its {len(used)} classes has one sample: there are no "
            "two of a class to find"
        )
    if len(used) >= FEWEST_CLASSES:
        training = len(used) - round(len(used) / 2)
        return (
            _seeded(dataset, "class-disjoint", training),
            f"{len(used)} classes: tested on classes that training has not seen (class-disjoint), "
            "which are drawn with seed 0",
        )
    smallest = int(counts.argmin())
    if counts[smallest] < _FEWEST_SAMPLES:
        raise UserError(
            f"dataset {dataset.name}: {len(used)} classes are too few to keep some for the test "
            f"({FEWEST_CLASSES} are needed), and class {dataset.class_names[used[smallest]]} has "
            f"{counts[smallest]} samples, too few to split ({_FEWEST_SAMPLES})"
        )
    return (
        OwnData(dataset.name, "closed-set", test_fraction=_TEST_SHARE),
        f"{len(used)} classes, fewer than {FEWEST_CLASSES}: tested on further samples of the "
        "same classes (closed-set), which are drawn with seed 0",
    )


def _seeded(dataset: Dataset, kind: str, training_classes: int) -> OwnData:
    folds = training_classes // _FOLD_CLASSES
    return OwnData(
        dataset.name, kind, seeded=True, most_folds=folds if folds < _MANY_FOLDS else None
    )


def _given(dataset: Dataset, parts: npt.NDArray[np.int8]) -> tuple[OwnData, str]:
    labels = dataset.labels
    trained, validated, tested = (
        np.unique(labels[parts == part]) for part in (TRAIN, VALIDATION, TEST)
    )
    fitting = np.union1d(trained, validated)
    if not len(trained) or not len(tested):
        lacking = "training" if not len(trained) else "test"
        hint = " (bench embed and bench score need none)" if not len(trained) else ""
        raise UserError(f"dataset {dataset.name}: its {lacking} part is empty{hint}")
    shared = len(np.intersect1d(fitting, tested))
    if 0 < shared < len(tested):
        only = dataset.class_names[int(np.setdiff1d(tested, fitting)[0])]
        raise UserError(
            f"dataset {dataset.name}: {len(tested) - shared} of {len(tested)} test classes are "
            f"missing from its training part (the first: {only})"
        )
    usable = len(validated) >= _FOLD_CLASSES and _has_pair(labels[parts == VALIDATION])
    how = _validation(validated, usable=usable)
    if shared:
        own = OwnData(dataset.name, "given", given_validation=usable)
        return own, f"its own parts, of the same {shared} classes (given){how}"
    reason = f"its own parts share no class: tested on its {len(tested)} test classes"
    if usable and not len(np.intersect1d(trained, validated)):
        own = OwnData(dataset.name, "given-classes", given_validation=True)
        return own, f"{reason} (given-classes){how}"
    if usable:
        return OwnData(dataset.name, "given", given_validation=True), f"{reason} (given){how}"
    if len(fitting) < 2 * _FOLD_CLASSES:
        few = f"{len(fitting)} training classes are too few for folds"
        return OwnData(dataset.name, "given"), f"{reason} (given); {few}{how}"
    return _seeded(dataset, "given-classes", len(fitting)), f"{reason} (given-classes){how}"


def _validation(validated: npt.NDArray[np.int64], *, usable: bool) -> str:
    if usable:
        return "; selection by its own validation part"
    if len(validated):
        return "; its validation part is too small to select by, and trains"
    return "; a validation part is taken from its training part"


def _has_pair(labels: npt.NDArray[np.int64]) -> bool:
    return bool(len(labels)) and int(np.unique(labels, return_counts=True)[1].max()) > 1


def described(dataset: Dataset, rule: SplitRule) -> Iterator[str]:
    """Say what the data are and how the rule splits them, a line each.

    Raises UserError where a fold of the split could not be trained, validated or tested.
    """
    labels = dataset.labels
    used, counts = np.unique(labels, return_counts=True)
    kind = "image" if dataset.is_images else "vector"
    least = f"{counts.min():,} to " if counts.min() < counts.max() else ""
    shape = "x".join(str(side) for side in dataset.inputs.shape[1:])
    yield (
        f"{counted(len(labels), kind)} ({shape}) of {counted(len(used), 'class')}, {least}"
        f"{counted(counts.max(), 'sample')} each"
    )
    if dataset.attributes:
        yield f"attributes: {', '.join(sorted(dataset.attributes))}"
    for fold in range(rule.folds):
        split = make_split(dataset, rule, fold=fold, seed=0)
        parts = {"training": split.train, "validation": split.validation, "test": split.test}
        for name, positions in parts.items():
            _require_usable(dataset, name, labels[positions], closed=rule.kind in CLOSED_SETS)
        if fold == 0:
            sizes = ", ".join(
                f"{len(positions):,} for {name} ({len(np.unique(labels[positions])):,} classes)"
                for name, positions in parts.items()
            )
            folds = f"; {rule.folds} folds, of which this is the first" if rule.folds > 1 else ""
            yield f"{sizes}{folds}"
            alone = int((np.unique(labels[split.test], return_counts=True)[1] == 1).sum())
            if alone and rule.kind not in CLOSED_SETS:
                yield f"{alone} test classes have one sample, which is found but never asks"


def _require_usable(
    dataset: Dataset, part: str, labels: npt.NDArray[np.int64], *, closed: bool
) -> None:
    if len(np.unique(labels)) < _FOLD_CLASSES:
        raise UserError(
            f"dataset {dataset.name}: its {part} part has {len(np.unique(labels))} classes: two "
            "are needed"
        )
    if not _has_pair(labels) and not (closed and part == "test"):
        raise UserError(
            f"dataset {dataset.name}: no class of its {part} part has two samples: there are no "
            "two of a class to find"
        )
