"""Fixtures that several test folders share: a tiny image dataset and a bench that trains on it."""

from __future__ import annotations

import contextlib
import gc
import pickle
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

from harness import Method, Objective
from harness.data.dataset import Attribute, Dataset
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, PlannedRun, make_plan
from harness.execution.run import execute
from harness.protocol import Protocol, load_protocol
from harness.record import Record
from harness.registry import Origin, RegisteredMethod, core_registry

# A busy machine is no counterexample.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

SHORT = [
    "training.steps=4",
    "training.steps_per_epoch=2",
    "training.batch_size=8",
    "training.samples_per_class=2",
    "selection.every=2",
    'training.compositions=["balanced", "one-per-class", "uniform", "pairs", "clusters"]',
]


LONGEST = ("faults/test_writing.py", "test_readme.py", "test_tutorial.py", "faults/")
"""Files that one worker is busy with for minutes: begun last, they would end alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; skip what needs methods where there are none."""
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        place = item.path.relative_to(here).as_posix()
        return next((n for n, one in enumerate(LONGEST) if place.startswith(one)), len(LONGEST))

    items.sort(key=turn)
    if find_spec("bench_methods") is None:
        for item in items:
            if item.get_closest_marker("methods"):
                item.add_marker(pytest.mark.skip(reason="needs the methods of plugins/"))


def pytest_collection_finish() -> None:
    """Look through torch and pytest for garbage once, and not twice in every run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    """12 classes of 6 images, 1x8x8: much noise, and a faint stripe at a place of the class."""
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(12), 6).astype(np.int64)
    images = draw.integers(0, 150, (72, 1, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        stripe = image[0, label % 8] if label < 8 else image[0, :, label % 8]
        stripe += 80
    return Dataset(
        name="tiny",
        inputs=images,
        labels=labels,
        class_names=tuple(f"class {label}" for label in range(12)),
        source="tests/conftest.py",
        licence="MIT",
        attributes={"parity": Attribute(values=labels % 2, names=("even", "odd"))},
    )


@pytest.fixture(scope="session")
def short_protocol() -> Protocol:
    """The smoke protocol, cut down to four steps of eight images."""
    return load_protocol("smoke", overrides=SHORT)


@pytest.fixture
def bench(tiny_dataset: Dataset, short_protocol: Protocol) -> Bench:
    """A bench of the core alone on the tiny dataset."""
    return Bench(core_registry(), short_protocol, tiny_dataset, torch.device("cpu"))


class Notes:
    """What is noted in any process, by what is called there, for the test to read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, thing: Any) -> None:
        """Note a thing."""
        with self._path.open("ab") as file:
            pickle.dump(thing, file)

    def read(self) -> list[Any]:
        """All that was noted, in order; it is forgotten then."""
        found = []
        with self._path.open("rb") as file, contextlib.suppress(EOFError):
            while True:
                found.append(pickle.load(file))
        self._path.write_bytes(b"")
        return found


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """Where an Objective, which is in a process of its own, notes what the test wants to know."""
    (tmp_path / "notes").touch()
    return Notes(tmp_path / "notes")


class SpreadObjective(Objective):
    """Pulls classes together and pushes them apart, by mean distances; differentiable and cheap."""

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        embeddings = embed(batch.inputs)
        distances = (embeddings[:, None] - embeddings[None, :]).square().sum(-1)
        same = batch.labels[:, None] == batch.labels[None, :]
        return distances[same].mean() - distances[~same].mean()


def method_of(objective: Callable[[], Objective], name: str = "toy", **declared: Any) -> Method:
    """A method that builds the given objective."""
    return Method(
        name=name,
        build=lambda _point, _context: objective(),
        summary="a method of the tests",
        reference="none",
        **declared,
    )


@pytest.fixture
def spread() -> Method:
    """A method that trains properly."""
    return method_of(SpreadObjective, "spread")


def plan_run(method: Method, bench: Bench, *, seed: int = 0, fold: int = 0) -> PlannedRun:
    """Plan one run of a method that is not installed."""
    origin = Origin("tests", "tests", "0", Path(__file__))
    entrant = Entrant(RegisteredMethod(method, origin), method.defaults(), "default")
    bench.registry.methods[method.name] = entrant.registered
    plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=seed + 1)
    return plan.replicates[seed].runs[fold]


@pytest.fixture
def run_method(bench: Bench) -> Callable[..., Record]:
    """Execute one run of a method on the tiny dataset; returns its Record."""

    def run(method: Method, *, seed: int = 0, fold: int = 0) -> Record:
        return execute(plan_run(method, bench, seed=seed, fold=fold), bench)[0]

    return run


@pytest.fixture
def make_method() -> Callable[..., Method]:
    """Make a method of an objective class."""
    return method_of


@pytest.fixture
def spread_objective() -> type[Objective]:
    """The objective of `spread`, to be misbehaved upon."""
    return SpreadObjective


@pytest.fixture
def planned(bench: Bench) -> Callable[..., PlannedRun]:
    """Plan one run on the tiny dataset."""
    return lambda method, **which: plan_run(method, bench, **which)


def _test_arrays(level: float, draw: np.random.Generator) -> dict[str, Any]:
    """What a run leaves: 6 test classes of 4, 5, ... 9 queries that score about `level`."""
    labels = np.repeat(np.arange(10, 16), np.arange(4, 10)).astype(np.int64)
    score = np.clip(level + draw.normal(0, 0.05, len(labels)), 0, 1)
    hit = (draw.random(len(labels)) < score).astype(np.float64)
    per_query = {"map_at_r": score * hit, "precision_at_1": hit, "recall_at_1": hit}
    return {
        "test_labels": labels,
        "queries": np.arange(len(labels)),
        **{f"per_query.{name}": values for name, values in per_query.items()},
    }


@pytest.fixture(scope="session")
def make_run() -> Callable[..., tuple[Record, dict[str, Any]]]:
    """Make a Record and its arrays without training: of smoke's digests, with the score asked for.

    `level` is what its queries score on average, `noise` what the seed and `draw` add to it.
    """
    from harness.testing import make_record

    smoke = load_protocol("smoke")

    def make(
        method: str = "plain",
        seed: int = 0,
        fold: int = 0,
        *,
        level: float = 0.5,
        noise: float = 0.0,
        draw: int = 0,
        identity: dict[str, Any] | None = None,
        **varied: Any,
    ) -> tuple[Record, dict[str, Any]]:
        random = np.random.default_rng([seed, fold, draw])
        arrays = _test_arrays(level + random.normal(0, 1) * noise, np.random.default_rng([seed]))
        values = {
            name.removeprefix("per_query."): float(array.mean())
            for name, array in arrays.items()
            if name.startswith("per_query.")
        }
        who = {
            "protocol_digest": smoke.digest,
            "dataset": smoke.dataset,
            "distribution": "tests",
            "source": "s" * 12,
            "hyperparameters": {"margin": 0.1},
            **(identity or {}),
        }
        plain: dict[str, Any] = {
            "folds": 2,
            "init_digest": f"init-{seed}-{fold}",
            "batches_digest": f"batches-{seed}-{fold}",
            "scores": {
                "extra": {"purity": values["map_at_r"] / 2},
                "queries": len(arrays["queries"]),
            },
            "audit": {"steps": 6, "images_embedded": 192, "backward_passes": 6},
            "environment": {"torch": "2.6"},
            "finished": f"2025-01-0{1 + draw}T00:00:05+00:00",
        }
        made = make_record(method, seed, fold, values, identity=who, **(plain | varied))
        return made, arrays

    return make


@pytest.fixture
def make_store(tmp_path: Path, make_run: Callable[..., Any]) -> Callable[..., Path]:
    """Make a store of two folds and three seeds of each method: its name to its level."""
    from harness.store import Store

    def make(
        name: str = "store",
        *,
        seeds: range = range(3),
        replace: dict[tuple[str, int, int], dict[str, Any]] | None = None,
        levels: dict[str, float] | None = None,
        **varied: Any,
    ) -> Path:
        with Store.open(tmp_path / name, create=True) as store:
            for method, level in ({"plain": 0.5} if levels is None else levels).items():
                for seed, fold in ((seed, fold) for seed in seeds for fold in (0, 1)):
                    own = (replace or {}).get((method, seed, fold), {})
                    record, arrays = make_run(
                        method, seed, fold, **({"level": level} | varied | own)
                    )
                    store.put(record, arrays if record.scores else None)
        return tmp_path / name

    return make


@pytest.fixture
def publish(tmp_path: Path) -> Callable[..., Path]:
    """Publish a store; returns the file."""
    from harness.results.publishing import build_publication, results_path, write_publication
    from harness.store import Store

    def make(store: Path, results: str = "results") -> Path:
        with Store.open(store) as opened:
            publication = build_publication(opened).publication
        path = results_path(tmp_path / results, publication)
        write_publication(publication, path, replace=True)
        return path

    return make


FAILED = {
    "state": "failed",
    "reason": {
        "kind": "diverged",
        "message": "the loss was nan\nat step 3",
        "traceback": "/secret",
    },
    "scores": None,
    "audit": None,
}


@pytest.fixture(scope="session")
def failed_fields() -> dict[str, Any]:
    """What tells a failed run's Record from a finished one's."""
    return FAILED
