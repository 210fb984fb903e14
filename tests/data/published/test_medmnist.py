"""MedMNIST: the package's table, and small files of its format."""

from __future__ import annotations

import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from harness.data import dataset as in_memory
from harness.data.dataset import TEST, TRAIN, VALIDATION, MappedArray
from harness.data.families import catalogue, entry_of, medmnist_arrays
from harness.data.families.array_sets import medmnist_entries, medmnist_table
from harness.data.families.medmnist_arrays import read_medmnist
from harness.errors import UserError

DRAW = np.random.default_rng(0)
COUNTS = {"train": 6, "val": 3, "test": 4}


def write(path: Path, *shape: int, labels: int = 1, **changed: np.ndarray) -> dict[str, np.ndarray]:
    arrays = {}
    for part, count in COUNTS.items():
        arrays[f"{part}_images"] = DRAW.integers(0, 256, (count, *shape), dtype=np.uint8)
        arrays[f"{part}_labels"] = DRAW.integers(0, 2, (count, labels), dtype=np.uint8)
    arrays |= changed
    np.savez_compressed(path, **arrays)
    return arrays


def together(arrays: dict[str, np.ndarray], kind: str) -> np.ndarray:
    return np.concatenate([arrays[f"{part}_{kind}"] for part in COUNTS])


TWO = {"0": "well", "1": "ill"}


def test_every_set_and_size_of_the_table_is_a_dataset():
    table = medmnist_table()
    entries = {entry.name: entry for entry in medmnist_entries()}
    flat = [flag for flag in table if not flag.endswith("3d")]

    assert len(table) == 18
    assert len(entries) == len(flat) * 4 + (len(table) - len(flat)) * 2 * 2
    assert entries["organamnist"].files[0].md5 == table["organamnist"]["MD5"]
    assert entries["pathmnist-224"].files[0].url == table["pathmnist"]["url_224"]
    assert entries["dermamnist"].licence == "CC BY-NC 4.0"
    assert "34,561 train, 6,491 val, 17,778 test" in entries["organamnist"].summary


def test_the_table_is_the_one_that_the_package_runs(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    spec = find_spec("medmnist")
    assert spec is not None
    assert spec.submodule_search_locations is not None

    ran = runpy.run_path(str(Path(spec.submodule_search_locations[0]) / "info.py"))

    assert ran["INFO"] == medmnist_table()


def test_reading_the_table_imports_neither_the_package_nor_torch(tmp_path: Path):
    code = (
        "import sys; from harness.data.families import catalogue; catalogue();"
        "print([name for name in ('medmnist', 'torch', 'torchvision') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], stdout=-1, env={"HOME": str(tmp_path)}, check=True
    )

    assert run.stdout.decode().strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_there_are_no_such_datasets(monkeypatch: pytest.MonkeyPatch):
    from harness.data.families import array_sets as module

    monkeypatch.setattr(module, "find_spec", lambda _: None)

    assert module.medmnist_table.__wrapped__() == {}


def test_grey_images_have_one_channel_and_the_splits_of_the_file(tmp_path: Path):
    arrays = write(tmp_path / "organamnist.npz", 5, 4)

    dataset = read_medmnist(
        entry_of("organamnist"), tmp_path / "organamnist.npz", slices=False, names=TWO
    )

    np.testing.assert_array_equal(dataset.inputs[:, 0], together(arrays, "images"))
    np.testing.assert_array_equal(dataset.labels, together(arrays, "labels")[:, 0])
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TRAIN] * 6 + [VALIDATION] * 3 + [TEST] * 4
    assert dataset.class_names == ("well", "ill")


def test_colours_come_first(tmp_path: Path):
    arrays = write(tmp_path / "a.npz", 5, 4, 3)

    dataset = read_medmnist(entry_of("pathmnist"), tmp_path / "a.npz", slices=False, names=TWO)

    expected = together(arrays, "images").transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(dataset.inputs, expected)


def test_a_volume_is_one_sample_or_its_slices_are(tmp_path: Path):
    arrays = write(tmp_path / "a.npz", 4, 4, 4)
    volumes, slices = (
        read_medmnist(entry_of("organmnist3d"), tmp_path / "a.npz", slices=cut, names=TWO)
        for cut in (False, True)
    )

    np.testing.assert_array_equal(volumes.inputs, together(arrays, "images"))
    assert slices.inputs.shape == (13 * 4, 1, 4, 4)
    np.testing.assert_array_equal(slices.inputs[5, 0], arrays["train_images"][1, 1])
    np.testing.assert_array_equal(slices.labels, np.repeat(volumes.labels, 4))
    np.testing.assert_array_equal(slices.attributes["volume"].values, np.repeat(np.arange(13), 4))
    assert slices.parts is not None
    assert np.bincount(slices.parts).tolist() == [24, 12, 16]


def test_several_findings_are_a_class_together_and_attributes_alone(tmp_path: Path):
    findings = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0, 0], [1, 0]], dtype=np.uint8)
    write(tmp_path / "a.npz", 4, 4, labels=2, train_labels=findings)

    dataset = read_medmnist(
        entry_of("chestmnist"), tmp_path / "a.npz", slices=False, names={"0": "mass", "1": "hernia"}
    )

    shown = [dataset.class_names[code] for code in dataset.labels[:6]]
    assert shown == ["none", "mass", "hernia", "mass+hernia", "none", "mass"]
    np.testing.assert_array_equal(dataset.attributes["hernia"].values[:6], findings[:, 1])


def test_a_set_larger_than_memory_is_mapped(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path / "a.npz", 5, 4, 3)
    here = read_medmnist(entry_of("pathmnist"), tmp_path / "a.npz", slices=False, names=TWO)
    for module in (in_memory, medmnist_arrays):
        monkeypatch.setattr(module, "IN_MEMORY_BYTES", 100)

    there = read_medmnist(entry_of("pathmnist"), tmp_path / "a.npz", slices=False, names=TWO)

    assert isinstance(there.inputs, MappedArray)
    assert there.digest == here.digest
    assert len(list(home.rglob("images.npy"))) == 1


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"val_labels": np.array([[0], [None], [1]], dtype=object)}, "holds pickled objects"),
        ({"val_labels": np.zeros((2, 1), dtype=np.uint8)}, r"labels of shape \(2, 1\) do not go"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, changed, complaint: str):
    write(tmp_path / "a.npz", 4, 4, **changed)

    with pytest.raises(UserError, match=complaint):
        read_medmnist(entry_of("bloodmnist"), tmp_path / "a.npz", slices=False, names=TWO)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path):
    write(tmp_path / "a.npz", 4, 4)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:300])

    with pytest.raises(UserError, match=r"a\.npz: is cut off or damaged") as caught:
        read_medmnist(entry_of("bloodmnist"), tmp_path / "a.npz", slices=False, names=TWO)

    assert "\n" not in str(caught.value)


def test_no_two_published_datasets_share_a_name():
    names = [entry.name for entry in medmnist_entries()]

    assert len(set(names)) == len(names)
    assert set(names) <= set(catalogue())
