"""The extension points of the benchmark. This file is the manual.

A plugin is any module or object with functions marked `@harness.hookimpl`. A distribution offers
one through the entry-point group `bench`:

    [project.entry-points.bench]
    my-plugin = "my_package.my_module"

and `bench run --plugin file.py` loads an uninstalled one. The benchmark's own methods come in by
the same door.

The lifecycle of one `bench run`:

1. Each plugin is imported by a child process of its own, never by the session. Importing should
   be cheap, for each run imports it again: import torch inside the functions that need it.
2. There the five listing hooks below are called, once each, and what they list goes to the session
   as data; functions stay where the plugin is. A wrong type, a name that another plugin also
   defines, a hook the benchmark does not know, an import that hangs or exits, all are one line
   that names the distribution and version at fault. The other plugins go on.
3. The plan is made: a run for each method, fold and seed that the store does not hold yet.
4. An executor takes the runs: the core's own, `local`, in this process or in worker processes,
   none of which imports a plugin, but for the one whose trunk a protocol names; one of a plugin
   wherever it likes.
5. For each run: `bench_run_started`; the backbone is built; a clean process is forked, which
   imports the method's plugin, calls its `build` and gives gradients while the core trains; it is
   ended; the test part is embedded and scored, plugin metrics last, in processes of their own;
   the Record is stored; `bench_run_finished`. Where several runs are executed at a time, their
   hooks alternate. Both are called in a process that the plugin has as long as the session lasts.
6. When all folds of a replicate are done, their embeddings are scored concatenated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

import pluggy

from harness.errors import UserError, nearest, plain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.data.dataset import Dataset
    from harness.execution.executor import Stages, Work
    from harness.method import Method
    from harness.models.backbone import Trunk
    from harness.record import Identity, Record


hookspec = pluggy.HookspecMarker("bench")


@hookspec
def bench_methods() -> Iterable[Method]:
    """List the methods of this plugin.

    Called once when plugins are loaded, in every command that needs method names. It must not
    train, download or draw random numbers. Names are unique over all plugins: a name that two
    plugins define is refused from both.
    """
    raise NotImplementedError


@hookspec
def bench_datasets() -> Iterable[DatasetSource]:
    """List the datasets of this plugin.

    Called once when plugins are loaded. `load` is called later, in a process of its own; what it
    returns arrives as arrays and texts. It must return the same ones each time: their digest, which
    the core takes, is part of every run's identity.
    """
    raise NotImplementedError


@hookspec
def bench_backbones() -> Iterable[BackboneSource]:
    """List the trunks of this plugin.

    Called once when plugins are loaded. `build` is called once a run, with torch's global
    generator seeded from the weights stream of that seed and fold, so that every method starts
    from the same weights. Before the first run a trunk is refused that is another when it is built
    again, or whose features of an input are other ones beside another input. Pretrained weights are
    put into it right after, if the protocol names some that the source offers; what fetches them is
    called once a command, before any run.
    """
    raise NotImplementedError


@hookspec
def bench_metrics() -> Iterable[Metric]:
    """List further scores, shown beside the locked ones and never used to select or to rank.

    Called once when plugins are loaded. `compute` is called once for every scored embedding,
    after training. A metric that raises, or returns what is no finite number within its bounds, is
    recorded as missing and changes nothing else.
    """
    raise NotImplementedError


@hookspec
def bench_executors() -> Iterable[Executor]:
    """List the executors of this plugin: places where runs are executed, as `--executor` names.

    Called once when plugins are loaded. `execute` is called once a session, in the process that
    owns the store, with the runs to do as `harness.executors.Work`. It says when each run
    begins and hands over its Record and arrays when it ended; the session stores them, and ends
    where it gets anything but one Record of each run that it gave. To send a run elsewhere,
    `harness.executors.pack` makes bytes of it and `unpack` makes it a run again where the same
    plugins are installed; `harness.executors.execute` executes it there and never raises for what
    a method does. A run must come out the same wherever it is executed.
    """
    raise NotImplementedError


@hookspec
def bench_run_started(identity: Identity) -> None:
    """Observe that a run begins.

    Called once a run, when its executor begins it, in a process of the observing plugin. `identity`
    is a copy. What an observer raises is logged and changes nothing.
    """


@hookspec
def bench_run_finished(record: Record) -> None:
    """Observe that a run ended, in scores or in a reason.

    Called once a run, after its Record is stored, in a process of the observing plugin. `record`
    is a copy. What an observer raises is logged and changes nothing.
    """


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
    and returns a finite float within the bounds. `higher_is_better` and the bounds, None where it
    has none, are stored with each value, so that nobody asks afterwards.

    Raises ValueError for bounds that are no numbers, or none of which the lower is below the other.
    """

    name: str
    compute: Callable[[npt.NDArray[np.float32], npt.NDArray[np.int64]], float]
    summary: str
    higher_is_better: bool = True
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for what, bound in (("low", self.low), ("high", self.high)):
            if bound is not None and not _is_number(bound):
                raise ValueError(
                    f"metric {self.name!r}: {what} must be a finite number or None, not "
                    f"{plain(repr(bound), 60)}"
                )
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(
                f"metric {self.name!r}: low {self.low:g} must be below high {self.high:g}"
            )


def _is_number(bound: object) -> bool:
    try:
        return type(bound) is not bool and isinstance(bound, int | float) and isfinite(bound)
    except OverflowError:  # a whole number that no float is
        return False


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
