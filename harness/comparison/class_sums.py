"""From the stored scores of single queries to sums by class, which the bootstrap resamples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.results import Row
from harness.store import Store

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassSums:
    """One row's scores by class: `sums` float64 (s, f, c), `counts` float64 (c,) queries a class.

    `classes`: int64 (c,), the class codes.
    """

    sums: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    classes: npt.NDArray[np.int64]

    def comparable(self, other: ClassSums) -> bool:
        """Whether both were tested on the same classes with as many queries each."""
        return np.array_equal(self.classes, other.classes) and np.array_equal(
            self.counts, other.counts
        )


def class_sums(store: Store, row: Row, seeds: Sequence[int], metric: str) -> ClassSums | None:
    """Read the queries' scores of a row's separate folds and add them up by class.

    None where the store has no scores by query (a clustering's, a plugin's metric, a run without
    arrays or of another store), where one is not finite, or where the runs were not tested on the
    same classes. Raises UserError for a file that is missing or damaged.
    """
    stored = [store.record(run_id) for seed in seeds for run_id in row.run_ids[seed]]
    runs = [_sums(store.arrays(record) if record else {}, metric) for record in stored]
    found = [run for run in runs if run is not None]
    if not found or len(found) < len(runs) or not all(map(found[0].comparable, found)):
        return None
    stacked = np.array([run.sums for run in found]).reshape(len(seeds), -1, len(found[0].counts))
    return ClassSums(sums=stacked, counts=found[0].counts, classes=found[0].classes)


def _sums(arrays: Arrays, metric: str) -> ClassSums | None:
    """Sums (c,) of one run."""
    scores = arrays.get(f"per_query.{metric}")
    if scores is None or not np.isfinite(scores).all():
        return None
    labels = arrays["test_labels"][arrays["queries"]]
    classes, codes = np.unique(labels, return_inverse=True)
    return ClassSums(
        sums=np.bincount(codes, weights=scores).astype(np.float64),
        counts=np.bincount(codes).astype(np.float64),
        classes=classes,
    )
