"""Scores of single queries summed by test class: little to keep, and enough to resample classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.artifacts import Arrays, RunArray, per_query
from harness.results.board import Board, Row

CLASS_METRICS = ("map_at_r", "precision_at_1")
"""Those whose sums are published."""
DECIMALS = 4


class HasSums(Protocol):
    """A store or a published file: what knows the scores of its runs by class."""

    def class_sums(self, run_id: str, metric: str) -> ClassSums | None:
        """Of one run, None where there are none."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassSums:
    """Scores by class: `sums` float64 (..., c), `counts` float64 (c,) queries a class.

    `sums` are (c,) of one run, (s, f, c) of a row. `classes`: int64 (c,), the class codes.
    """

    sums: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    classes: npt.NDArray[np.int64]

    def comparable(self, other: ClassSums) -> bool:
        """Whether both were tested on the same classes with as many queries each."""
        return np.array_equal(self.classes, other.classes) and np.array_equal(
            self.counts, other.counts
        )

    def rounded(self) -> tuple[float, ...]:
        """The sums as they are published."""
        return tuple((np.round(self.sums, DECIMALS) + 0.0).tolist())  # -0.0 becomes plain


def sums_of_arrays(arrays: Arrays, metric: str) -> ClassSums | None:
    """Of the arrays that a run left; None without scores by query, or where one is not finite.

    `arrays`: `test_labels` int64 (N,), `queries` int64 (Q,) and `per_query.METRIC` float64 (Q,);
    or those of `arrays_of_sums`.
    """
    if (kept := arrays.get(f"class_sums.{metric}")) is not None:
        return ClassSums(
            sums=kept, counts=arrays["class_sums_queries"], classes=arrays["class_sums_classes"]
        )
    scores = arrays.get(per_query(metric))
    if scores is None or not np.isfinite(scores).all():
        return None
    labels = arrays[RunArray.TEST_LABELS][arrays[RunArray.QUERIES]]
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return ClassSums(
        sums=np.bincount(codes, weights=scores).astype(np.float64),
        counts=counts.astype(np.float64),
        classes=classes,
    )


def arrays_of_sums(sums: Mapping[str, ClassSums]) -> Arrays | None:
    """One run's sums by metric as arrays to store, for a run that came without its embeddings."""
    if not sums:
        return None
    one = next(iter(sums.values()))
    return {
        "class_sums_queries": one.counts,
        "class_sums_classes": one.classes,
        **{f"class_sums.{metric}": own.sums for metric, own in sums.items()},
    }


def stacked_sums(source: HasSums, row: Row, seeds: Sequence[int], metric: str) -> ClassSums | None:
    """The sums of a row's separate folds.

    None where a run has none (a clustering's, a plugin's metric, a run without arrays), or where
    the runs were not tested on the same classes. Raises UserError for a damaged file.
    """
    runs = [source.class_sums(run_id, metric) for seed in seeds for run_id in row.run_ids[seed]]
    found = [run for run in runs if run is not None]
    if not found or len(found) < len(runs) or not all(map(found[0].comparable, found)):
        return None
    stacked = np.array([run.sums for run in found]).reshape(len(seeds), -1, len(found[0].counts))
    return ClassSums(sums=stacked, counts=found[0].counts, classes=found[0].classes)


def sums_of_rows(
    source: HasSums, board: Board, places: Sequence[int], seeds: Sequence[int], metric: str
) -> list[ClassSums] | None:
    """The sums of each of these rows of a board; None where they have none that can be compared.

    Raises UserError for a damaged file.
    """
    found: list[ClassSums] = []
    if board.aggregate == "concatenated":  # the joined embeddings leave no scores by query
        return None
    for place in places:
        sums = stacked_sums(source, board.rows[place], seeds, metric)
        if sums is None or (found and not found[0].comparable(sums)):
            return None
        found.append(sums)
    return found


def mean_of_sums(sums: Sequence[float], queries: Sequence[int]) -> float:
    """The mean over queries that published sums stand for."""
    return math.fsum(sums) / float(sum(queries))


def rounding_bound(queries: Sequence[int]) -> float:
    """How far the mean from rounded sums may lie from the score, at most."""
    return 0.5 * 10.0**-DECIMALS * len(queries) / sum(queries) + 1e-12
