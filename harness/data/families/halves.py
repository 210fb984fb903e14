"""Splits that datasets are given after they are published."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN


def class_halves(labels: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int8]:
    """The first half of the classes to train, the rest to test: what the field does with CUB."""
    return np.where(labels < classes // 2, TRAIN, TEST).astype(np.int8)
