"""MNIST's kin and CIFAR: small files of the true formats."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import TEST, TRAIN
from harness.data.families import entry_of, load_entry
from harness.data.families.array_sets import read_hundred, read_idx_set, read_ten
from harness.errors import UserError

DRAW = np.random.default_rng(0)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes())


@pytest.fixture
def mnist(tmp_path: Path) -> dict[str, Path]:
    files = {}
    for part, count in (("train", 30), ("t10k", 20)):
        images = DRAW.integers(0, 256, (count, 4, 3), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            path = tmp_path / f"{part}-{name}-ubyte.gz"
            path.write_bytes(idx(array))
            files[path.name] = path
    return files


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_four_idx_files_are_a_dataset_of_two_parts(mnist: dict[str, Path], name: str):
    dataset = read_idx_set(entry_of(name), mnist)

    assert dataset.name == name
    assert dataset.inputs.shape == (50, 1, 4, 3)
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TRAIN] * 30 + [TEST] * 20
    assert dataset.labels.tolist() == [*range(10)] * 5
    assert len(dataset.class_names) == 10


def test_labels_of_another_length_are_refused(mnist: dict[str, Path], tmp_path: Path):
    mnist["t10k-labels-idx1-ubyte.gz"].write_bytes(idx(np.zeros(19, dtype=np.uint8)))

    with pytest.raises(UserError, match=r"shape \(20, 4, 3\) do not go with labels of shape \(19,"):
        read_idx_set(entry_of("mnist"), mnist)


@pytest.mark.skipif(
    not DEBIAN.exists(), reason="the package dataset-fashion-mnist is not installed"
)
def test_debians_fashion_mnist_is_found_and_is_the_one_that_was_published():
    dataset = load_entry(entry_of("fashion-mnist"))

    assert dataset.inputs.shape == (70_000, 1, 28, 28)
    assert np.bincount(dataset.labels).tolist() == [7_000] * 10
    assert dataset.class_names[dataset.labels[0]] == "Ankle boot"
    # The mean and deviation of the training images that the field normalises with.
    images = dataset.inputs[:60_000] / 255
    assert images.mean() == pytest.approx(0.2860, abs=1e-4)
    assert images.std() == pytest.approx(0.3530, abs=1e-4)


def records(count: int, *labels: int) -> tuple[np.ndarray, bytes]:
    images = DRAW.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    rows = np.concatenate(
        [np.tile(np.array(labels, dtype=np.uint8), (count, 1)), images.reshape(count, -1)], axis=1
    )
    return images, rows.tobytes()


def test_cifar_10_is_six_files_of_records(tmp_path: Path, pack):
    files, images = {"cifar-10-batches-bin/batches.meta.txt": b"a\n" * 9 + b"truck\n\n"}, []
    for number in range(1, 7):
        name = "test_batch" if number == 6 else f"data_batch_{number}"
        some, files[f"cifar-10-batches-bin/{name}.bin"] = records(2, number)
        images.append(some)
    archive = pack(tmp_path / "cifar-10-binary.tar.gz", files)

    dataset = read_ten(entry_of("cifar10"), {"cifar-10-binary.tar.gz": archive})

    np.testing.assert_array_equal(dataset.inputs, np.concatenate(images))
    assert dataset.labels.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TRAIN] * 10 + [TEST] * 2
    assert dataset.class_names[9] == "truck"


def hundred(tmp_path: Path, pack, test: bytes) -> Path:
    return pack(
        tmp_path / "cifar-100-binary.tar.gz",
        {
            "cifar-100-binary/coarse_label_names.txt": b"fish\ntrees\n",
            "cifar-100-binary/fine_label_names.txt": b"ray\nshark\noak\n",
            "cifar-100-binary/train.bin": records(2, 1, 2)[1] + records(1, 0, 0)[1],
            "cifar-100-binary/test.bin": test,
        },
    )


def test_cifar_100_keeps_its_coarse_labels_as_groups(tmp_path: Path, pack):
    archive = hundred(tmp_path, pack, records(1, 0, 1)[1])

    dataset = read_hundred(entry_of("cifar100"), {"cifar-100-binary.tar.gz": archive})

    assert dataset.class_names == ("ray", "shark", "oak")
    assert dataset.labels.tolist() == [2, 2, 0, 1]
    assert dataset.attributes["coarse"].values.tolist() == [1, 1, 0, 0]
    assert dataset.hierarchy == "coarse"


def test_records_that_are_cut_off_are_refused(tmp_path: Path, pack):
    archive = hundred(tmp_path, pack, records(1, 0, 1)[1][:-1])

    with pytest.raises(UserError, match=r"test\.bin is cut off: no whole records of 3074 bytes"):
        read_hundred(entry_of("cifar100"), {"cifar-100-binary.tar.gz": archive})


def test_the_python_version_of_cifar_is_no_file_of_it(tmp_path: Path):
    from harness.data.sources.adding import add_files

    pickled = tmp_path / "cifar-10-python.tar.gz"
    pickled.write_bytes(b"x")

    with pytest.raises(UserError, match=r"its files: cifar-10-binary\.tar\.gz"):
        add_files(entry_of("cifar10"), [pickled])
