"""Per-query scores summed by test class: little to keep, and enough to resample classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.publishing.model import TestSet

CLASS_METRICS = ("map_at_r", "precision_at_1")
DECIMALS = 4

Sums = dict[str, tuple[float, ...]]


def class_sums(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[TestSet, Sums]:
    """The test set of a run, and by metric the sum of its queries' scores in each class.

    `arrays`: of a run's artifact: `test_labels` int64 (N,), `queries` int64 (Q,) and
    `per_query.METRIC` float64 (Q,). Raises KeyError where one is missing.
    """
    labels = arrays["test_labels"][arrays["queries"]]
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = {
        metric: _rounded(np.bincount(inverse, weights=arrays[f"per_query.{metric}"]))
        for metric in CLASS_METRICS
    }
    return TestSet(classes=tuple(classes.tolist()), queries=tuple(counts.tolist())), sums


def summed_score(test_set: TestSet, sums: tuple[float, ...]) -> float:
    """The mean over queries that the sums stand for."""
    return math.fsum(sums) / float(sum(test_set.queries))


def rounding_bound(test_set: TestSet) -> float:
    """How far the mean from rounded sums may lie from the score, at most."""
    return 0.5 * 10.0**-DECIMALS * len(test_set.classes) / sum(test_set.queries) + 1e-12


def _rounded(sums: npt.NDArray[Any]) -> tuple[float, ...]:
    # Adding 0.0 makes -0.0 plain.
    return tuple((np.round(sums, DECIMALS) + 0.0).tolist())
