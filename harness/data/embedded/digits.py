"""Handwritten digits: the small image set that comes with scikit-learn."""

from __future__ import annotations

import numpy as np

from harness.data.dataset import Dataset

_LARGEST_VALUE = 16


def load_digits() -> Dataset:
    """Load scikit-learn's digits: 10 classes, inputs uint8 (1797, 1, 8, 8).

    Grey values 0..16 become 0..255, rounded to the nearest whole number.
    """
    from sklearn.datasets import load_digits as load_from_sklearn

    bunch = load_from_sklearn()
    inputs = np.rint(bunch.images[:, np.newaxis] * (255 / _LARGEST_VALUE)).astype(np.uint8)
    return Dataset(
        name="digits",
        inputs=inputs,
        labels=bunch.target.astype(np.int64),
        class_names=tuple(str(name) for name in bunch.target_names),
        source="Alpaydin and Kaynak 1998, UCI Optical Recognition of Handwritten Digits, test",
        licence="CC BY 4.0",
    )
