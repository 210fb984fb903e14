"""Which sample of the dataset each test embedding is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TestPart:
    """The test samples of a leaderboard, as far as they are known.

    `labels`: int64 (N,), 0..classes-1. `class_names`: one a class. `positions`: int64 (N,), of the
    samples in `inputs`, images uint8 of a whole dataset, both None where there are none.
    `missing`: why images and names are not there, empty where they are.
    """

    __test__ = False  # pytest would take it for a test by its name

    labels: Int64
    class_names: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    inputs: npt.NDArray[Any] | None = None
    positions: Int64 | None = None
    missing: str = ""

    @property
    def classes(self) -> int:
        """How many classes the test part has."""
        return len(self.class_names)

    def images(self, samples: Int64 | Sequence[int]) -> npt.NDArray[np.uint8] | None:
        """Some samples as uint8 (S, C, H, W), or None; no other is read."""
        if self.inputs is None or self.positions is None:
            return None
        return np.asarray(self.inputs[self.positions[np.asarray(samples)]], dtype=np.uint8)

    def describe(self, sample: int) -> str:
        """One sample in words: its class and attributes."""
        names = [a.names[int(a.values[sample])] for a in self.attributes.values()]
        return ", ".join([self.class_names[int(self.labels[sample])], *names])


def place_test(
    labels: Int64, dataset: Dataset | str, digest: str, positions: Int64 | None = None
) -> TestPart:
    """Find the test samples in `dataset`, or say why they cannot be shown.

    `positions`: where the Record says that they are. Older Records do not: the last classes of the
    dataset are the test part of a class-disjoint split. Either is believed only if the labels
    there are the recorded ones. `dataset` is a sentence where there is none.
    """
    classes = int(labels.max()) + 1 if len(labels) else 0
    if isinstance(dataset, str):
        return _unplaced(labels, classes, dataset)
    if dataset.digest != digest:
        return _unplaced(labels, classes, "the dataset at hand is not the one of the records")
    places = _last_classes(dataset, classes) if positions is None else positions
    present, found = _labels_at(dataset, places)
    if not np.array_equal(found, labels):
        where = "the dataset's last classes" if positions is None else "where the run says they are"
        return _unplaced(labels, classes, f"the test samples are not {where}")
    return TestPart(
        labels=labels,
        class_names=tuple(dataset.class_names[label] for label in present),
        attributes={
            name: Attribute(values=attribute.values[places], names=attribute.names)
            for name, attribute in dataset.attributes.items()
        },
        inputs=dataset.inputs if dataset.is_images else None,
        positions=places if dataset.is_images else None,
        missing="" if dataset.is_images else "the samples are feature vectors, not images",
    )


def _labels_at(dataset: Dataset, places: Int64) -> tuple[Int64, Int64]:
    """The classes there, and each place's, counted from 0; nothing if a place is none."""
    if not ((places >= 0) & (places < len(dataset.labels))).all():
        places = places[:0]
    present, found = np.unique(dataset.labels[places], return_inverse=True)
    return present, found


def _last_classes(dataset: Dataset, classes: int) -> Int64:
    present = np.unique(dataset.labels)
    return np.flatnonzero(np.isin(dataset.labels, present[len(present) - classes :]))


def _unplaced(labels: Int64, classes: int, missing: str) -> TestPart:
    names = tuple(f"class {label}" for label in range(classes))
    return TestPart(labels=labels, class_names=names, missing=missing)
