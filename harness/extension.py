"""What plugins register beside methods: datasets, backbones, metrics and executors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.errors import UserError, nearest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.data.dataset import Dataset
    from harness.execution.executor import Stages, Work
    from harness.models.backbone import Trunk


RANDOM = "random"
"""The weights that every trunk can start from."""


@dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """A dataset by name; `load` is called when needed and returns the same data each time."""

    name: str
    load: Callable[[], Dataset]
    summary: str


@dataclass(frozen=True, kw_only=True)
class PretrainedWeights:
    """Weights that a trunk can start from, by the name that protocols give.

    `load(trunk)` puts them into a trunk that `build` made. `require()` sees to it that they are
    at hand, before any run begins: it raises UserError where they are not, and downloads nothing.
    `fetch()` gets them; `bench data weights` alone calls it. None: nothing is to be fetched.
    `mean`, `std`: the numbers that inputs of 0..255 are standardised by, for each channel in the
    order of `channels`; grey images are repeated. `source`: where they come from; `sha256`: of the
    file, empty where none is pinned: every Record holds the digest of what a run started from.
    """

    name: str
    load: Callable[[Trunk], None]
    require: Callable[[], None]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: Literal["rgb", "bgr"] = "rgb"
    source: str
    sha256: str = ""
    fetch: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True)
class BackboneSource:
    """A trunk by name.

    `build(input_shape)` returns a `Trunk` for inputs of shape (C, H, W) or (D,). It draws its
    initial weights from torch's global generator, which the core seeds from the weights stream.
    `weights`: those it can start from beside random ones. `library`: name and version of another
    library that the trunk's code is from. `member(name)`: of a source that stands for all
    networks of a library, the one that a protocol calls SOURCE:NAME.
    """

    name: str
    build: Callable[[tuple[int, ...]], Trunk]
    summary: str
    weights: tuple[PretrainedWeights, ...] = ()
    library: str = ""
    member: Callable[[str], BackboneSource] | None = None

    def weights_named(self, name: str) -> PretrainedWeights | None:
        """The pretrained weights of that name, or None for `random`.

        Raises UserError with the nearest name for weights that the trunk does not offer.
        """
        offered = {weights.name: weights for weights in self.weights}
        if name == RANDOM or name in offered:
            return offered.get(name)
        names = [RANDOM, *offered]
        raise UserError(
            f"backbone '{self.name}' has no weights '{name}'{nearest(name, names)} "
            f"(allowed: {', '.join(names)})"
        )


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A further score, shown beside the locked ones.

    `compute(embeddings, labels)` gets float32 (N, D), as scored, and int64 (N,) of the test part
    and returns a finite float. `higher_is_better` and the bounds, None where it has none, are
    stored with each value, so that nobody asks afterwards.
    """

    name: str
    compute: Callable[[npt.NDArray[np.float32], npt.NDArray[np.int64]], float]
    summary: str
    higher_is_better: bool = True
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Executor:
    """A place where runs are executed, by name.

    `execute(work)` is a generator. It begins the runs of `work` in their order, yields `Started`
    for each and `Finished` once for each, in whatever order they end, and never writes to the
    store. When it is closed it ends what still runs and leaves nothing behind. `remote`: runs are
    executed on other machines, so that the device asked for need not be on this one.
    """

    name: str
    execute: Callable[[Work], Stages]
    summary: str
    remote: bool = False
