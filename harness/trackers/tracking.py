"""`--track KIND:PATH`: which trackers observe a session, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from harness.data.dataset import Dataset
from harness.errors import UserError, unknown
from harness.registry import Registry
from harness.trackers.journal import Journal
from harness.trackers.tensorboard import TensorBoard


class Tracker(Protocol):
    """An observer: an object with observing hooks, and an end."""

    def close(self) -> None:
        """Write out what is left; nothing is observed any more."""
        ...


def _tensorboard(path: Path, store: Path, dataset: Dataset) -> Tracker:
    return TensorBoard(path, store, dataset)


def _jsonl(path: Path, store: Path, dataset: Dataset) -> Tracker:  # noqa: ARG001 - needs neither
    return Journal(path)


def _wandb(path: Path, store: Path, dataset: Dataset) -> Tracker:  # noqa: ARG001 - not needed
    from harness.trackers.wandb import WeightsAndBiases

    return WeightsAndBiases(path, store)


def _mlflow(path: Path, store: Path, dataset: Dataset) -> Tracker:  # noqa: ARG001 - not needed
    from harness.trackers.mlflow import MLflow

    return MLflow(path, store)


TRACKERS: Mapping[str, Callable[[Path, Path, Dataset], Tracker]] = {
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "mlflow": _mlflow,
    "jsonl": _jsonl,
}


@contextmanager
def tracking(
    texts: Sequence[str], registry: Registry, *, store: Path, dataset: Dataset
) -> Iterator[None]:
    """Have trackers observe what runs inside, by the hooks that plugins use.

    `texts`: `tensorboard:DIR`, `wandb:DIR`, `mlflow:DIR` or `jsonl:FILE`, as given to `--track`.
    `store`: the folder of the store, which holds the arrays of each run before it is observed.
    Raises UserError for a text that reads otherwise, a package that is missing, or a place that
    cannot be written.
    """
    wanted = [read_track(text) for text in dict.fromkeys(texts)]
    with ExitStack() as stack:
        for text, make, path in wanted:
            try:
                tracker = make(path, store, dataset)
            except OSError as error:
                raise UserError(f"--track {text}: {error.strerror or error}") from error
            stack.callback(tracker.close)
            registry.manager.register(tracker, name=f"--track {text}")
            stack.callback(registry.manager.unregister, tracker)
        yield


_PACKAGES = ("wandb", "mlflow", "tensorboard")
"""Trackers that need the package of their name, which an extra of that name installs."""


def read_track(text: str) -> tuple[str, Callable[[Path, Path, Dataset], Tracker], Path]:
    """The text, what makes its tracker, and the place; UserError where it reads otherwise."""
    kind, colon, path = text.partition(":")
    if kind not in TRACKERS:
        raise unknown("tracker", kind, TRACKERS, where=f"--track {text}")
    if not (colon and path):
        raise UserError(f"--track {text}: where to? (as in {kind}:PATH)")
    if kind in _PACKAGES and find_spec(kind) is None:  # said before anything is loaded
        raise UserError(
            f"--track {kind}: a package is missing ({kind}); "
            f"pip install 'metric-learning-bench[{kind}]'"
        )
    return text, TRACKERS[kind], Path(path)
