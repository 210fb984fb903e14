"""Samples that are in two parts of a dataset, found by the digest of their values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, Dataset


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
