"""Principal component whitening of a feature matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Features are float32: what varies less than this, against the widest axis, is their rounding.
NEGLIGIBLE = 1e-4

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Whitening:
    """x to matrix @ (x - mean): uncorrelated, of unit variance, widest axes first.

    `mean`: float64 (F,). `matrix`: float64 (p, F).
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def of(cls, features: Floats, most: int) -> Whitening:
        """Whiten the widest `most` axes of features, float64 (N, F), that are not rounding.

        Raises ValueError for features that do not vary.
        """
        mean = features.mean(axis=0)
        _, widths, axes = np.linalg.svd(features - mean, full_matrices=False)
        kept = min(most, int((widths > NEGLIGIBLE * widths[0]).sum()))
        if not kept:
            raise ValueError("the trunk features do not vary: there is nothing to whiten")
        deviations = widths[:kept, None] / np.sqrt(len(features) - 1)
        return cls(mean, axes[:kept] / deviations)

    def __call__(self, features: Floats) -> Floats:
        """Whiten features, float64 (N, F): (N, p)."""
        whitened: Floats = (features - self.mean) @ self.matrix.T
        return whitened
