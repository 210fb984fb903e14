"""Splits, folds and roles: who is trained on, who is tested, who asks and who is searched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.artifacts import RunArray
from harness.data import numpy_stream
from harness.data.dataset import TEST, TRAIN, VALIDATION, Attribute, Coded, Dataset, coded
from harness.errors import UserError, nearest
from harness.protocol.model import (
    ClassDisjointSplit,
    ClosedSetSplit,
    GivenClassesSplit,
    SplitRule,
)
from harness.protocol.rules import LabelSetsRule, ScoringRule

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


ROLE, QUERY, GALLERY = "role", "query", "gallery"
Int64 = npt.NDArray[np.int64]


def has_roles(attributes: Mapping[str, Attribute], among: npt.NDArray[np.bool_]) -> bool:
    """Whether some of these samples ask and others are searched: bool (N,) says which count."""
    role = attributes.get(ROLE)
    if role is None:
        return False
    held = {role.names[code] for code in np.unique(role.values[among])}
    return {QUERY, GALLERY} <= held


def roles_of(dataset: Dataset, positions: Int64, rule: ScoringRule) -> dict[str, Int64]:
    """The arrays that a run needs to be scored by roles or with exclusion; empty for other rules.

    `test_roles`: (N,), 0 for a query, 1 and on for the rule's galleries, -1 for none of them.
    `test_exclude`: (N, X), the codes of the rule's columns. Raises UserError for an attribute that
    the dataset lacks, and for a gallery without an item of a query's class.
    """
    found: dict[str, Int64] = {}
    if rule.gallery == "given":
        role = _attribute(dataset, ROLE, "gallery = 'given'")
        codes = {name: code for code, name in enumerate((QUERY, *rule.galleries))}
        table = np.array([codes.get(name, -1) for name in role.names], dtype=np.int64)
        found[RunArray.TEST_ROLES] = table[role.values[positions]]
        _require_answers(dataset, positions, found[RunArray.TEST_ROLES], rule)
    if rule.exclude:
        columns = [_attribute(dataset, name, "exclude").values for name in rule.exclude]
        found[RunArray.TEST_EXCLUDE] = np.stack([column[positions] for column in columns], axis=1)
    return found


def searches(dataset: Dataset, positions: Int64, rule: ScoringRule) -> Iterator[str]:
    """Say who asks what is searched, and what is no answer; nothing where all search each other."""
    found = roles_of(dataset, positions, rule)
    if rule.gallery == "given":
        roles = found[RunArray.TEST_ROLES]
        shelves = " and ".join(
            f"{int((roles == place).sum()):,} of {name}"
            for place, name in enumerate(rule.galleries, 1)
        )
        yield f"{int((roles == 0).sum()):,} queries of the test part search {shelves}"
    if rule.exclude:
        yield f"no answer to a query: items of its class with its {' or '.join(rule.exclude)}"


def _attribute(dataset: Dataset, name: str, key: str) -> Attribute:
    if name not in dataset.attributes:
        held = sorted(dataset.attributes)
        raise UserError(
            f"dataset {dataset.name}: scoring.{key} needs its attribute {name}"
            f"{nearest(name, held)} (it has {', '.join(held) or 'none'})"
        )
    return dataset.attributes[name]


def _require_answers(dataset: Dataset, positions: Int64, roles: Int64, rule: ScoringRule) -> None:
    labels = dataset.labels[positions]
    asking = np.unique(labels[roles == 0])
    for place, name in enumerate(rule.galleries, 1):
        shelf = labels[roles == place]
        if not len(asking) or not len(shelf):
            lacking = QUERY if not len(asking) else name
            raise UserError(
                f"dataset {dataset.name}: scoring.gallery = 'given': no sample of the test part "
                f"has the role {lacking}"
            )
        if not np.isin(asking, shelf).any():
            raise UserError(
                f"dataset {dataset.name}: scoring.gallery = 'given': no query of the test part "
                f"has an item of its class in {name}"
            )
        if len(np.unique(shelf)) < 2:
            raise UserError(
                f"dataset {dataset.name}: scoring.gallery = 'given': all of {name} are of one class"
            )


def label_sets_of(dataset: Dataset, rule: LabelSetsRule | None) -> Mapping[str, Coded]:
    """The attributes that the rule names, as codes; none without a rule.

    Raises UserError for an attribute that the dataset lacks, or that has a single value.
    """
    found: dict[str, Coded] = {}
    for name in rule.attributes if rule else ():
        where = f"dataset {dataset.name}: label_sets.attributes"
        if name not in dataset.attributes:
            held = sorted(dataset.attributes)
            raise UserError(
                f"{where}: needs its attribute {name}{nearest(name, held)} "
                f"(it has {', '.join(held) or 'none'})"
            )
        one = coded(dataset.attributes[name])
        if len(np.unique(one.codes[one.codes >= 0])) < 2:
            raise UserError(f"{where}: {name} has one value: nothing to tell apart")
        found[name] = one
    return found
