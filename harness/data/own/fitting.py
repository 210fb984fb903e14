"""Which way of splitting a person's data fits, and why, in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from harness.errors import UserError

# Half of them test; the others must fill four class folds.
FEWEST_CLASSES = 8
# Two samples each to train with, to validate with and to test with.
_FEWEST_SAMPLES = 6

Kind = Literal["class-disjoint", "given-classes", "closed-set", "given"]


@dataclass(frozen=True)
class Fit:
    """The kind of split (of harness.protocol.model) that fits, and the sentence that says why."""

    kind: Kind
    reason: str


def fitting_split(dataset: Dataset) -> Fit:
    """Choose the split of a dataset by its parts and the number of its classes.

    Raises UserError where no split fits: too few classes, or too few samples in one.
    """
    if dataset.parts is not None:
        return _given(dataset)
    used, counts = np.unique(dataset.labels, return_counts=True)
    if len(used) >= FEWEST_CLASSES:
        return Fit(
            "class-disjoint",
            f"{len(used)} classes: tested on classes that training has not seen (class-disjoint)",
        )
    smallest = int(counts.argmin())
    if counts[smallest] < _FEWEST_SAMPLES:
        raise UserError(
            f"dataset {dataset.name}: {len(used)} classes are too few to keep some for the test "
            f"({FEWEST_CLASSES} are needed), and class {dataset.class_names[used[smallest]]} has "
            f"{counts[smallest]} samples, too few to split ({_FEWEST_SAMPLES})"
        )
    return Fit(
        "closed-set",
        f"{len(used)} classes, fewer than {FEWEST_CLASSES}: tested on further samples of the "
        "same classes (closed-set)",
    )


def _given(dataset: Dataset) -> Fit:
    assert dataset.parts is not None
    trained = np.unique(dataset.labels[np.isin(dataset.parts, (TRAIN, VALIDATION))])
    tested = np.unique(dataset.labels[dataset.parts == TEST])
    if not len(trained) or not len(tested):
        lacking = "training" if not len(trained) else "test"
        raise UserError(f"dataset {dataset.name}: its {lacking} part is empty")
    shared = len(np.intersect1d(trained, tested))
    if not shared:
        return Fit(
            "given-classes",
            f"its own parts share no class: tested on its {len(tested)} test classes "
            "(given-classes)",
        )
    if shared < len(tested):
        only = dataset.class_names[int(np.setdiff1d(tested, trained)[0])]
        raise UserError(
            f"dataset {dataset.name}: {len(tested) - shared} of {len(tested)} test classes are "
            f"missing from its training part (the first: {only})"
        )
    return Fit("given", f"its own parts, of the same {shared} classes (given)")
