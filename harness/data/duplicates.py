"""Samples that are in two parts of a dataset, found by the digest of their values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from harness.data.dataset import TEST, Dataset


def shared_images(dataset: Dataset) -> Iterator[str]:
    """Say how many test samples equal a training or validation sample, and of which class.

    Nothing is said of a dataset without parts. One sample is read at a time.
    """
    if dataset.parts is None:
        return
    digests = [
        hashlib.sha256(np.ascontiguousarray(sample).data).digest() for sample in dataset.inputs
    ]
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
