"""Class-disjoint splits and class folds: labels in, sample positions out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.streams import numpy_stream
from harness.errors import UserError
from harness.protocol.model import SplitRule

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


def class_disjoint_split(
    labels: npt.NDArray[np.int64], rule: SplitRule, *, fold: int, seed: int
) -> Split:
    """Split by class: the last classes test, one fold of the others validates, the rest train.

    `labels`: int64 (N,). `seed` decides only which labels are known where the protocol's
    labelled fraction is below one. Raises UserError if there are too few classes for the folds.
    """
    classes = np.unique(labels)
    test_count = round(len(classes) * rule.test_fraction)
    rest = classes[: len(classes) - test_count]
    parts = class_folds(len(rest), rule.folds, rule.fold_rule)[fold]
    train = np.flatnonzero(np.isin(labels, rest[list(parts.train)]))
    return Split(
        train=train,
        validation=np.flatnonzero(np.isin(labels, rest[list(parts.validation)])),
        test=np.flatnonzero(np.isin(labels, classes[len(rest) :])),
        known=known_labels(labels[train], rule.labelled_fraction, fold=fold, seed=seed),
    )


def known_labels(
    labels: npt.NDArray[np.int64], fraction: float, *, fold: int, seed: int
) -> npt.NDArray[np.bool_]:
    """Choose whose labels are known: that share of each class, at least two samples of it."""
    known = np.ones(len(labels), dtype=np.bool_)
    if fraction == 1.0:
        return known
    draw = numpy_stream(seed, "known labels", fold)
    known[:] = False
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(len(members), max(2, round(fraction * len(members))))
        known[draw.choice(members, size=count, replace=False)] = True
    return known
