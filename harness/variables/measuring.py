"""The measures of one embedding and one variable, as sums over groups of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.scoring.agreement import Contingency, of_table
from harness.scoring.clustering import KMeans, cluster
from harness.scoring.geometry import place
from harness.scoring.inputs import Distance
from harness.scoring.retrieval import retrieve
from harness.variables.pairs import Pairs
from harness.variables.probing import Probe

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure: its title, what it is, and how its control deals values out.

    Scores of retrieval by the variable are compared between methods, and have no control.
    """

    title: str
    summary: str
    dealt: Literal["over classes", "within classes"] | None = None


MEASURES: Mapping[str, Measure] = {
    "probe": Measure(
        title="probe",
        summary="accuracy of a linear probe on held-out classes less that of the commonest value",
        dealt="over classes",
    ),
    "r2": Measure(
        title="R2", summary="of the same probe, of an ordered variable", dealt="over classes"
    ),
    "ami": Measure(title="AMI", summary="of k-means clusters and the values", dealt="over classes"),
    "p1_lost": Measure(
        title="P@1 lost",
        summary="by pairs of one class and two values, beside pairs of one value",
        dealt="within classes",
    ),
    "farther": Measure(
        title="farther",
        summary="how much farther apart those pairs are, in distances to other classes",
        dealt="within classes",
    ),
    "precision_at_1": Measure(title="P@1", summary="with the values for labels"),
    "map_at_r": Measure(title="MAP@R", summary="with the values for labels"),
}
"""Every measure by name; docs/variables.md defines them."""
RETRIEVED: tuple[str, ...] = tuple(name for name, one in MEASURES.items() if one.dealt is None)
"""Scores of retrieval, which the class has too."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Variable:
    """A background variable of some samples.

    `codes`: int64 (N,), its values as 0..V-1. `numbers`: float64 (V,), the values where they are
    ordered, else None.
    """

    codes: Int64
    numbers: Floats | None = None

    def take(self, order: Int64) -> Variable:
        """The same values dealt out in another order."""
        return replace(self, codes=self.codes[order])


@dataclass(frozen=True, eq=False)
class Sums:
    """What a measure adds up over classes, and the number that sums come to.

    `parts`: float64 (G, p), a row for each group of classes.
    """

    parts: Floats
    value: Callable[[Floats], float]

    def whole(self) -> float:
        """The measure over all classes."""
        return self.value(self.parts.sum(axis=0))

    def without_each(self) -> Floats:
        """The measure with each group of classes left out in turn: float64 (G,)."""
        total = self.parts.sum(axis=0)
        return np.array([self.value(total - part) for part in self.parts])


class Embedded:
    """One embedding of test samples, ready to be asked about variables.

    `embeddings`: float (N, D), compared by `distance`; `labels`: int64 (N,); `groups`: int64 (N,),
    0..G-1, alike within a class. What a variable does not change is computed once.
    """

    def __init__(
        self,
        embeddings: npt.NDArray[np.floating],
        labels: Int64,
        groups: Int64,
        *,
        distance: Distance,
        seed: int,
    ) -> None:
        self._groups = groups
        self._count = int(groups.max()) + 1
        (points,) = place(embeddings, distance)
        # Scaled and shifted at most: every measure is of ratios of distances.
        self._rows = points.rows.astype(np.float64)
        self._points = points
        self._labels = labels
        self._seed = seed

    @cached_property
    def _probe(self) -> Probe:
        return Probe.of(self._rows, self._labels, seed=self._seed)

    @cached_property
    def _pairs(self) -> Pairs:
        return Pairs.of(self._rows, self._labels)

    @cached_property
    def _clusters(self) -> Int64:
        codes = np.unique(self._labels, return_inverse=True)[1].astype(np.int64)
        return cluster(self._points, codes, KMeans(restarts=1), seed=self._seed)[1].assigned

    def carried(self, variable: Variable) -> dict[str, Sums]:
        """What the embedding holds of a variable, by measure."""
        met, chance = self._probe.hits(variable.codes)
        found = {"probe": self._summed(_mean_gap, met, chance, np.ones_like(met))}
        if variable.numbers is not None:
            off, about = self._probe.squares(variable.numbers[variable.codes])
            found["r2"] = self._summed(_explained, off, about)
        found["ami"] = self._agreement(variable.codes)
        return found

    def disturbed(self, variable: Variable) -> dict[str, Sums]:
        """What a variable does to pairs of one class, by measure; nothing where it never varies."""
        queries, means = self._pairs.split(variable.codes)
        if not len(queries):
            return {}
        near_within, near_across, within, across = means.T
        ones, groups = np.ones(len(queries)), self._groups[queries]
        return {
            "p1_lost": self._summed(_mean_gap, near_within, near_across, ones, groups=groups),
            "farther": self._summed(_mean_gap, across, within, ones, groups=groups),
        }

    def retrieved(self, codes: Int64) -> dict[str, Sums]:
        """P@1 and MAP@R with the values for labels, int64 (N,): each sample asks among all others.

        Nothing where no two samples have a value in common.
        """
        values, counts = np.unique(codes, return_counts=True)
        if counts.max() < 2:
            return {}
        placed = np.searchsorted(values, codes).astype(np.int64)
        found = retrieve(self._points, placed, recall_at=(1,), whole_ranking=False)
        groups = self._groups[found.queries]
        return {
            name: self._summed(_mean, found.per_query[name], np.ones(len(groups)), groups=groups)
            for name in RETRIEVED
        }

    def _summed(
        self, value: Callable[[Floats], float], *columns: Floats, groups: Int64 | None = None
    ) -> Sums:
        chosen = self._groups if groups is None else groups
        parts = [np.bincount(chosen, column, self._count) for column in columns]
        return Sums(np.stack(parts, axis=1), value)

    def _agreement(self, codes: Int64) -> Sums:
        """Counts of value and cluster by group."""
        columns = int(self._clusters.max()) + 1
        cells = (int(codes.max()) + 1) * columns
        places = self._groups * cells + codes * columns + self._clusters
        counts = np.bincount(places, minlength=self._count * cells).astype(np.float64)
        return Sums(counts.reshape(self._count, cells), partial(_ami, columns))


def _mean(sums: Floats) -> float:
    return float(sums[0] / sums[1]) if sums[1] else float("nan")


def _mean_gap(sums: Floats) -> float:
    """The mean of the first less that of the second; NaN where nothing was counted."""
    first, second, count = sums
    return float((first - second) / count) if count else float("nan")


def _explained(sums: Floats) -> float:
    """1 - squared errors / squares about the mean; 0 where nothing varies."""
    return float(1.0 - sums[0] / sums[1]) if sums[1] > 0 else 0.0


def _ami(columns: int, sums: Floats) -> float:
    """Adjusted mutual information of a table of counts, value by cluster."""
    table = sums.reshape(-1, columns)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(np.int64)
    rows, places = np.nonzero(table)
    by_row, by_column = table.sum(axis=1), table.sum(axis=0)
    counts = Contingency(table[rows, places], rows, places, by_row, by_column, int(table.sum()))
    return of_table(counts)["ami"]
