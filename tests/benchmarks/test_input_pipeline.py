"""Which part of a training step waits for its batch: the audit's own measure. Target: 10 %.

Run with `pytest tests/benchmarks/test_input_pipeline.py -s`. The loss is a cheap one, so that the
share is as large as it gets; one thread trains, as by default. Both times are of one run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from harness import Method, Objective
from harness.data import dataset as in_memory
from harness.data.dataset import Dataset, MappedArray
from harness.data.decoding import image_dataset
from harness.data.loading import load_dataset
from harness.data.own.folders import folder_index
from harness.errors import UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.protocol import load_protocol
from harness.registry import Origin, RegisteredMethod, load_registry

TARGET = 0.10
CLASSES, EACH = 16, 16


@dataclass(frozen=True)
class Case:
    """A protocol, what is changed of it, and how many steps tell."""

    protocol: str
    steps: int
    changes: tuple[str, ...] = ()


ON_PICTURES = (
    'backbone.weights="random"',
    "backbone.freeze_batch_norm=false",
    "split.folds=2",
    "scoring.recall_at=[1]",
    "scoring.clustering_restarts=1",
)
CASES = {
    "convnet-small, glyphs": Case("reality-check-small", 300),
    "convnet-small, fashion-mnist": Case("guided-small", 300),
    "efficientnet-lite0, pictures of 256 pixels": Case(
        "reality-check", 6, ('backbone.name="efficientnet-lite0"', *ON_PICTURES)
    ),
    "resnet50, pictures of 256 pixels": Case(
        "reality-check", 3, ('backbone.name="resnet50"', *ON_PICTURES)
    ),
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Train as `bench run` does."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_pictures: Callable[..., Path]
) -> Dataset:
    """JPEGs decoded to 256 pixels, mapped as a dataset larger than memory is."""
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(in_memory, "IN_MEMORY_BYTES", 0)
    folder = write_pictures(tmp_path / "pictures", classes=CLASSES, each=EACH)
    made = image_dataset(
        "pictures", [folder], folder_index, size=256, source="tests", licence="MIT"
    )
    assert isinstance(made.inputs, MappedArray)
    return made


class Cheap(Objective):
    """A loss that costs next to nothing."""

    def forward(self, batch, embed):
        embeddings = embed(batch.inputs)
        distances = torch.cdist(embeddings, embeddings)
        same = batch.labels[:, None] == batch.labels[None, :]
        return torch.nn.functional.softplus(distances[same].mean() - distances[~same].mean())


CHEAP = Method(name="cheap", build=lambda _point, _context: Cheap(), summary="s", reference="r")


@pytest.mark.parametrize("name", CASES)
def test_the_share_of_a_step_that_waits_for_its_batch(
    name: str, request: pytest.FixtureRequest
) -> None:
    case = CASES[name]
    steps = f"training.steps={case.steps}", f"selection.every={case.steps}"
    registry = load_registry()
    protocol = load_protocol(case.protocol, overrides=[*steps, *case.changes])
    if "pictures" in name:
        dataset = request.getfixturevalue("pictures")
    else:
        try:
            dataset = load_dataset(registry, name.split(", ")[1])
        except UserError as error:
            pytest.skip(str(error))
    bench = Bench(registry, protocol, dataset, torch.device("cpu"))
    origin = Origin("tests", "tests", "0", Path(__file__))
    entrant = Entrant(RegisteredMethod(CHEAP, origin), {}, "default")
    (run, *_) = make_plan(protocol, dataset.digest, [entrant], seeds=1).replicates[0].runs
    record, _ = execute(run, bench)
    audit = record.audit
    assert audit is not None, record.reason
    assert audit.input_share is not None
    seconds = (audit.training_seconds - audit.preparation_seconds) / audit.steps
    print(  # noqa: T201
        f"\n{name}: {audit.input_share:.1%} of {1000 * seconds:.1f} ms a step; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    assert audit.input_share <= TARGET
