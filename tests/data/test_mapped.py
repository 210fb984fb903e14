"""Datasets larger than memory: mapped, and read by the batch."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness import Method
from harness.data import dataset as in_memory
from harness.data.dataset import Dataset, MappedArray, map_array, open_array
from harness.data.parts import LazyInputs, Vault
from harness.data.splits import Split
from harness.execution.executor import Bench
from harness.execution.plan import PlannedRun
from harness.execution.run import execute
from harness.execution.shared_dataset import shared

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 3, 4, 4), dtype=np.uint8)
CPU = torch.device("cpu")


@pytest.fixture
def array(tmp_path: Path) -> MappedArray:
    np.save(tmp_path / "images.npy", IMAGES)
    return map_array(tmp_path / "images.npy")


def dataset_of(inputs: np.ndarray) -> Dataset:
    return Dataset(
        name="mapped",
        inputs=inputs,
        labels=np.repeat(np.arange(4), 10),
        class_names=("a", "b", "c", "d"),
        source="tests",
        licence="MIT",
    )


SPLIT = Split(
    train=np.array([35, 1, 7, 12, 13, 22]),
    validation=np.array([3, 30]),
    test=np.array([39, 0]),
    known=np.ones(6, dtype=np.bool_),
)


def test_small_files_are_read_and_large_ones_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    np.save(tmp_path / "images.npy", IMAGES)
    assert not isinstance(open_array(tmp_path / "images.npy"), np.memmap)

    monkeypatch.setattr(in_memory, "IN_MEMORY_BYTES", 100)

    assert isinstance(open_array(tmp_path / "images.npy"), MappedArray)


def test_a_mapped_array_crosses_as_the_name_of_its_file(array: MappedArray):
    packed = pickle.dumps(array, protocol=5)

    assert len(packed) < 500
    np.testing.assert_array_equal(pickle.loads(packed), IMAGES)


def test_a_part_of_it_crosses_as_its_values(array: MappedArray):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array[3:5])), IMAGES[3:5])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array[[7, 2]])), IMAGES[[7, 2]])


def test_workers_map_the_same_file_and_no_copy_is_made(array: MappedArray):
    dataset = dataset_of(array)

    with shared(dataset) as crossed:
        assert crossed.file.stat().st_size < IMAGES.nbytes
        opened = crossed.open()
        assert isinstance(opened.inputs, MappedArray)
        assert opened.digest == dataset.digest == dataset_of(IMAGES).digest


def test_lazy_inputs_are_what_a_tensor_of_them_would_be(array: MappedArray):
    positions = np.array([30, 2, 17, 5, 5])
    lazy, dense = LazyInputs(array, positions, CPU), torch.from_numpy(IMAGES[positions])

    assert len(lazy) == 5
    assert lazy.shape == dense.shape
    assert lazy.device == CPU
    for chosen in (torch.tensor([4, 0, 0, 2]), slice(1, 4), slice(3, 99)):
        assert torch.equal(lazy[chosen], dense[chosen])


def test_a_mapped_dataset_gives_the_parts_that_one_in_memory_does(array: MappedArray):
    there, here = (Vault(dataset_of(inputs), SPLIT, CPU) for inputs in (array, IMAGES))

    assert torch.equal(there.standardise.mean, here.standardise.mean)
    assert torch.equal(there.standardise.std, here.standardise.std)
    for part in ("validation", "test"):
        lazy, dense = getattr(there, part)(), getattr(here, part)()
        assert isinstance(lazy.inputs, LazyInputs)
        assert torch.equal(lazy.inputs[:], dense.inputs)
        assert torch.equal(lazy.labels, dense.labels)


def test_a_run_on_a_mapped_dataset_is_the_one_in_memory(
    bench: Bench, planned: Callable[..., PlannedRun], spread: Method, tmp_path: Path
):
    np.save(tmp_path / "tiny.npy", bench.dataset.inputs)
    there = replace(bench.dataset, inputs=map_array(tmp_path / "tiny.npy"))
    run = planned(spread)

    (in_memory, arrays), (lazy, lazy_arrays) = (
        execute(run, one) for one in (bench, replace(bench, dataset=there))
    )

    assert lazy.scores == in_memory.scores
    assert lazy.identity == in_memory.identity
    np.testing.assert_array_equal(lazy_arrays["test_embeddings"], arrays["test_embeddings"])


def test_rows_come_in_the_order_asked_for(array: MappedArray):
    positions = np.array([39, 0, 7, 7, 38])

    rows = array.take_rows(positions)

    assert type(rows) is np.ndarray
    np.testing.assert_array_equal(rows, IMAGES[positions])
