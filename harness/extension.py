"""What plugins register beside methods: datasets, backbones and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.data.dataset import Dataset
    from harness.models.trunk import Trunk


@dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """A dataset by name; `load` is called when needed and returns the same data each time."""

    name: str
    load: Callable[[], Dataset]
    summary: str


@dataclass(frozen=True, kw_only=True)
class BackboneSource:
    """A trunk by name.

    `build(input_shape)` returns a `Trunk` for inputs of shape (C, H, W) or (D,). It draws its
    initial weights from torch's global generator, which the core seeds from the weights stream.
    """

    name: str
    build: Callable[[tuple[int, ...]], Trunk]
    summary: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A further score, shown beside the locked ones.

    `compute(embeddings, labels)` gets float32 (N, D), as scored, and int64 (N,) of the test part
    and returns a finite float.
    """

    name: str
    compute: Callable[[npt.NDArray[np.float32], npt.NDArray[np.int64]], float]
    summary: str
    higher_is_better: bool = True
