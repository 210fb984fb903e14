"""How far the nearest entry may be for a query to be accepted: for all classes, or for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.deployment.nearest import Floats, Int64

FEWEST = 3
"""Samples that a class needs for a threshold of its own."""


@dataclass(frozen=True)
class Thresholds:
    """The distance up to which what was found is accepted, by the class that was found.

    `overall` is for classes that have none of their own in `of_class`.
    """

    overall: float
    of_class: Mapping[int, float] = field(default_factory=dict)

    def limits(self, labels: Int64) -> Floats:
        """The threshold of each class found: float64 (Q,)."""
        return np.array([self.of_class.get(int(label), self.overall) for label in labels])


def overall_threshold(distances: Floats, *, share: float) -> Thresholds:
    """The smallest distance that `share` of those from known samples to their own class reach.

    `distances`: float64 (N,); samples whose class has no entry are infinitely far and left out.
    `share`: in (0, 1]. Scaling all embeddings scales it alike. With no sample to go by it is 0.
    """
    finite = distances[np.isfinite(distances)]
    return Thresholds(_quantile(finite, share) if len(finite) else 0.0)


def class_thresholds(distances: Floats, labels: Int64, *, share: float) -> Thresholds:
    """The same for each class by its own samples, `labels` int64 (N,).

    Classes of fewer than three have the overall one; where the distances of all classes are alike
    so are the thresholds.
    """
    known = np.isfinite(distances)
    own = {
        int(label): _quantile(distances[known & (labels == label)], share)
        for label in np.unique(labels)
        if np.count_nonzero(known & (labels == label)) >= FEWEST
    }
    return Thresholds(overall_threshold(distances, share=share).overall, own)


def _quantile(distances: Floats, share: float) -> float:
    # A distance that was measured: equal samples then have equal quantiles, however many they are.
    return float(np.quantile(distances, share, method="inverted_cdf"))
