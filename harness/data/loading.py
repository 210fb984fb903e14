"""Loading a dataset by name, with what plugins do wrong as one line; and samples in it twice."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, Dataset, MappedArray, require_open
from harness.errors import NotComparable, UserError
from harness.registry import Reference, Registry, one_line

if TYPE_CHECKING:
    from harness.data.own import Brought
    from harness.protocol import Protocol

log = logging.getLogger(__name__)


def load_dataset(registry: Registry, name: str) -> Dataset:
    """Load a dataset by name; UserError naming the plugin if it fails or is no Dataset.

    `NAME+CORRUPTION`, of harness.data.corruptions, is that dataset with its images changed.
    SealedTestSet while an objective is alive, before the plugin is asked.
    """
    require_open(f"dataset {name} was")
    base, *corruptions = name.split("+")
    dataset = _load(registry, base)
    for corruption in corruptions:
        from harness.data.corruptions import corrupt

        dataset = corrupt(dataset, corruption)
    return dataset


def recorded_dataset(
    registry: Registry, name: str, digest: str, brought: Brought | None = None
) -> Dataset:
    """The dataset that recorded runs are of: by name, or a person's own from where they are now.

    Raises NotComparable for own data of another digest, UserError where there are none by that
    name.
    """
    if brought is None:
        own = name.partition("+")[0] not in registry.datasets
        try:
            return load_dataset(registry, name)
        except UserError as error:
            hint = "; if these are your own: --data PATH" if own else ""
            raise UserError(f"{error}{hint}") from None
    dataset = brought.dataset
    if dataset.digest != digest:
        raise NotComparable(
            f"--data {brought.path}: are not the data that the runs are of (their digest is "
            f"{dataset.digest[:12]}, that of the runs' {digest[:12]}; --size, --label-column and "
            "the like must be as they were)"
        )
    return dataset


def _load(registry: Registry, name: str) -> Dataset:
    registered = registry.dataset(name)
    if isinstance(registered.item.load, Reference):
        from harness.data.handing_over import load_apart

        return load_apart(registered.item.load, registered.item.name)
    try:
        dataset = registered.item.load()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"dataset '{name}' ({registered.origin}): {one_line(error)}") from error
    if not isinstance(dataset, Dataset):
        raise UserError(
            f"dataset '{name}' ({registered.origin}): load returned {type(dataset).__name__}"
        )
    return dataset


def shared_images(dataset: Dataset) -> Iterator[str]:
    """Say how many test samples equal a training or validation sample, and of which class.

    Nothing is said of a dataset without parts. One sample is read at a time.
    """
    if dataset.parts is None:
        return
    digests = _digests(dataset)
    seen: dict[bytes, int] = {}
    for position in np.flatnonzero(dataset.parts != TEST):
        seen.setdefault(digests[position], int(position))
    tested = np.flatnonzero(dataset.parts == TEST)
    pairs = [
        (seen[digests[position]], int(position)) for position in tested if digests[position] in seen
    ]
    if not pairs:
        yield "no sample is in both the training and the test part"
        return
    labels = dataset.labels
    differ = sum(labels[first] != labels[second] for first, second in pairs)
    first, second = pairs[0]
    yield (
        f"{len(pairs)} test samples equal a training sample, {differ} of them under another class "
        f"(the first: {second} and {first})"
    )


def warn_of_copies(data: Dataset, rules: Protocol) -> None:
    """Log the samples that stand under several classes, or on both sides of the test.

    UserError where the protocol scores by roles or attributes that the data lack.
    """
    from harness.data.splits import label_sets_of, make_split, roles_of

    test = make_split(data, rules.split, fold=0, seed=0).test
    roles_of(data, test, rules.scoring)
    label_sets_of(data, rules.label_sets)
    if isinstance(data.inputs, MappedArray):
        return
    for line in copies(data, test):
        log.warning("dataset %s: %s", data.name, line)


def copies(dataset: Dataset, tested: npt.NDArray[np.int64] | None = None) -> Iterator[str]:
    """Say how many samples stand under several classes, or in the test part and outside of it.

    `tested`: positions of the test part, if that is asked. One sample is read at a time.
    """
    places: dict[bytes, list[int]] = {}
    for position, digest in enumerate(_digests(dataset)):
        places.setdefault(digest, []).append(position)
    several = [found for found in places.values() if len(found) > 1]
    labels, kind = dataset.labels, "images" if dataset.is_images else "vectors"
    mixed = [found for found in several if len(np.unique(labels[found])) > 1]
    if mixed:
        first, *others = mixed[0]
        other = next(one for one in others if labels[one] != labels[first])
        names = dataset.class_names[labels[first]], dataset.class_names[labels[other]]
        yield (
            f"{len(mixed)} {kind} stand under several classes (the first: samples {first} and "
            f"{other}, of {names[0]} and {names[1]})"
        )
    if tested is None:
        return
    test = np.zeros(len(labels), dtype=np.bool_)
    test[tested] = True
    both = [found for found in several if 0 < int(test[found].sum()) < len(found)]
    if both:
        inside = next(one for one in both[0] if test[one])
        outside = next(one for one in both[0] if not test[one])
        yield (
            f"{len(both)} {kind} stand in the test part and outside of it (the first: samples "
            f"{inside} and {outside})"
        )


def _digests(dataset: Dataset) -> list[bytes]:
    return [hashlib.sha256(np.ascontiguousarray(sample).data).digest() for sample in dataset.inputs]
