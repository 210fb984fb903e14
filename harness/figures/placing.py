"""Which sample of the dataset each test embedding is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TestPart:
    """The test samples of a leaderboard, as far as they are known.

    `labels`: int64 (N,), 0..classes-1. `class_names`: one a class. `images`: uint8 (N, C, H, W),
    or None. `missing`: why images and names are not there, empty where they are.
    """

    __test__ = False  # pytest would take it for a test by its name

    labels: Int64
    class_names: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    images: npt.NDArray[np.uint8] | None = None
    missing: str = ""

    @property
    def classes(self) -> int:
        """How many classes the test part has."""
        return len(self.class_names)

    def describe(self, sample: int) -> str:
        """One sample in words: its class and attributes."""
        names = [a.names[int(a.values[sample])] for a in self.attributes.values()]
        return ", ".join([self.class_names[int(self.labels[sample])], *names])


def place_test(labels: Int64, dataset: Dataset | str, digest: str) -> TestPart:
    """Find the test samples in `dataset`, or say why they cannot be shown.

    Records hold test labels and no positions: the last classes of the dataset are the test part
    of a class-disjoint split, and are believed only if their labels are the recorded ones.
    `dataset` is a sentence where there is none.
    """
    classes = int(labels.max()) + 1 if len(labels) else 0
    if isinstance(dataset, str):
        return _unplaced(labels, classes, dataset)
    if dataset.digest != digest:
        return _unplaced(labels, classes, "the dataset at hand is not the one of the records")
    present = np.unique(dataset.labels)[-classes:]
    positions = np.flatnonzero(np.isin(dataset.labels, present))
    found = np.unique(dataset.labels[positions], return_inverse=True)[1]
    if not np.array_equal(found, labels):
        return _unplaced(labels, classes, "the test samples are not the dataset's last classes")
    return TestPart(
        labels=labels,
        class_names=tuple(dataset.class_names[label] for label in present),
        attributes={
            name: Attribute(values=attribute.values[positions], names=attribute.names)
            for name, attribute in dataset.attributes.items()
        },
        images=_images(dataset, positions),
        missing="" if dataset.is_images else "the samples are feature vectors, not images",
    )


def _images(dataset: Dataset, positions: Int64) -> npt.NDArray[np.uint8] | None:
    return dataset.inputs[positions].astype(np.uint8) if dataset.is_images else None


def _unplaced(labels: Int64, classes: int, missing: str) -> TestPart:
    names = tuple(f"class {label}" for label in range(classes))
    return TestPart(labels=labels, class_names=names, missing=missing)
