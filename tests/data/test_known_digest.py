from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset, map_array
from harness.data.known_digest import know_digest

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 1, 3, 3), dtype=np.uint8)


def dataset_of(inputs: np.ndarray) -> Dataset:
    return Dataset(
        name="toy",
        inputs=inputs,
        labels=np.array([0, 1, 0, 1]),
        class_names=("a", "b"),
        source="tests",
        licence="MIT",
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    np.save(tmp_path / "images.npy", IMAGES)
    return tmp_path / "images.npy"


def test_the_digest_of_a_dataset_on_disk_is_measured_once(file: Path, monkeypatch):
    know_digest(dataset_of(map_array(file)))
    monkeypatch.setattr(Dataset, "measure_digest", lambda _: pytest.fail("measured again"))

    again = dataset_of(map_array(file))
    know_digest(again)

    monkeypatch.undo()
    assert again.digest == dataset_of(IMAGES).digest


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"size": 164}'])
def test_a_changed_file_is_measured_anew(file: Path, kept: str):
    know_digest(dataset_of(map_array(file)))
    np.save(file, 255 - IMAGES)
    os.utime(file, ns=(1, 1))
    if kept:
        file.with_name("digest.json").write_text(kept)

    changed = dataset_of(map_array(file))
    know_digest(changed)

    assert changed.digest == dataset_of(255 - IMAGES).digest


def test_a_dataset_in_memory_is_left_alone(tmp_path: Path):
    dataset = dataset_of(IMAGES.copy())

    know_digest(dataset)

    assert "digest" not in dataset.__dict__
