"""Running an estimator of metric-learn."""

from __future__ import annotations

import warnings
from typing import Any


def components_of(estimator: Any, features: Any, target: Any) -> Any:
    """Fit an estimator of metric-learn and return its linear map, float64 (k, p).

    One warning of each call is not shown: metric-learn 0.7 calls scikit-learn by an argument name
    that 1.6 renamed and 1.8 drops.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="'force_all_finite' was renamed", category=FutureWarning
        )
        return estimator.fit(features, target).components_


def widest(components: Any, width: int) -> Any:
    """The linear map of at most `width` rows whose distances are nearest to those of `components`.

    A map with as many rows as allowed is returned as it is.
    """
    if len(components) <= width:
        return components
    import numpy as np

    _, sizes, axes = np.linalg.svd(components, full_matrices=False)
    return sizes[:width, None] * axes[:width]
