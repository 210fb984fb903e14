from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.data import dataset as in_memory
from harness.data.dataset import TEST, TRAIN, MappedArray
from harness.data.own import load_path
from harness.errors import UserError

DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (6, 5, 4), dtype=np.uint8)
COLOUR = DRAW.integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
VECTORS = DRAW.normal(size=(6, 7))
LABELS = np.array([5, 3, 5, 3, 5, 3])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES, IMAGES[:, None]),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2)),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2)),
        (VECTORS, VECTORS.astype(np.float32)),
        (VECTORS.astype(np.float16), VECTORS.astype(np.float16).astype(np.float32)),
    ],
    ids=["grey", "channels last", "channels first", "float64", "float16"],
)
def test_images_and_vectors_are_brought_to_one_form(tmp_path: Path, array, expected):
    np.savez(tmp_path / "mine.npz", images=array, labels=LABELS)

    dataset = load_path(tmp_path / "mine.npz")

    np.testing.assert_array_equal(dataset.inputs, expected)
    assert dataset.inputs.dtype == expected.dtype
    assert dataset.class_names == ("3", "5")
    assert dataset.labels.tolist() == [1, 0, 1, 0, 1, 0]


def test_labels_may_be_texts(tmp_path: Path):
    np.savez(tmp_path / "mine.npz", X=VECTORS, y=np.array(["ä", "b"] * 3))

    assert load_path(tmp_path / "mine.npz").class_names == ("b", "ä")


def test_labels_may_stand_in_a_column(tmp_path: Path):
    np.savez(tmp_path / "mine.npz", X=VECTORS, y=LABELS[:, None])

    assert load_path(tmp_path / "mine.npz").labels.tolist() == [1, 0, 1, 0, 1, 0]


def test_an_array_split_gives_the_parts(tmp_path: Path):
    np.savez(tmp_path / "mine.npz", X=VECTORS, y=LABELS, split=np.array(["train", "test"] * 3))

    parts = load_path(tmp_path / "mine.npz").parts

    assert parts is not None
    assert parts.tolist() == [TRAIN, TEST] * 3


def test_safetensors_are_read_like_npz(tmp_path: Path):
    save_file({"images": IMAGES, "labels": LABELS}, tmp_path / "mine.safetensors")
    np.savez(tmp_path / "mine.npz", images=IMAGES, labels=LABELS)

    tensors, arrays = (load_path(tmp_path / f"mine.{end}") for end in ("safetensors", "npz"))

    np.testing.assert_array_equal(tensors.inputs, arrays.inputs)
    np.testing.assert_array_equal(tensors.labels, arrays.labels)


@pytest.mark.parametrize("beside", ["mine.labels.npy", "labels.npy"])
def test_the_labels_of_an_npy_file_lie_beside_it(tmp_path: Path, beside: str):
    np.save(tmp_path / "mine.npy", IMAGES)
    np.save(tmp_path / beside, LABELS)

    assert load_path(tmp_path / "mine.npy").labels.tolist() == [1, 0, 1, 0, 1, 0]


def test_a_large_npy_file_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    np.save(tmp_path / "mine.npy", COLOUR.transpose(0, 3, 1, 2).copy())
    np.save(tmp_path / "labels.npy", LABELS)
    monkeypatch.setattr(in_memory, "IN_MEMORY_BYTES", 200)

    assert isinstance(load_path(tmp_path / "mine.npy").inputs, MappedArray)


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "mine.npz", images=np.array([Trap()], dtype=object), labels=LABELS)

    with pytest.raises(UserError, match="holds Python objects, which are never loaded"):
        load_path(tmp_path / "mine.npz")
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_named_npy_is_refused(tmp_path: Path):
    import pickle

    (tmp_path / "mine.npy").write_bytes(pickle.dumps([1, 2]))
    np.save(tmp_path / "labels.npy", LABELS)

    with pytest.raises(UserError, match=r"mine\.npy is not a npy file"):
        load_path(tmp_path / "mine.npy")


def test_a_compressed_file_with_any_byte_damaged_is_refused_or_whole(tmp_path: Path):
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, images=IMAGES, labels=LABELS)
    content = path.read_bytes()

    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        with contextlib.suppress(UserError):
            load_path(path)


@pytest.mark.parametrize(("ending", "really"), [("npz", "npy"), ("npy", "npz")])
def test_a_file_under_another_name_is_refused(tmp_path: Path, ending: str, really: str):
    save = np.save if really == "npy" else np.savez
    save(tmp_path / f"other.{really}", IMAGES)
    (tmp_path / f"other.{really}").rename(tmp_path / f"mine.{ending}")
    np.save(tmp_path / "labels.npy", LABELS)

    with pytest.raises(UserError, match=rf"mine\.{ending} is not a {ending} file, whatever its"):
        load_path(tmp_path / f"mine.{ending}")


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"a": VECTORS, "b": VECTORS, "labels": LABELS}, "holds a, b, labels: none of them named"),
        ({"images": IMAGES, "x": IMAGES, "y": LABELS}, "images, x are each images: --columns"),
        ({"images": IMAGES}, "no array of labels"),
        ({"images": IMAGES, "labels": LABELS[:5]}, "6 inputs do not go with 5 labels"),
        ({"images": IMAGES.astype(np.int32), "labels": LABELS}, r"inputs are int32 \(6, 5, 4\)"),
        ({"images": IMAGES / 255, "labels": LABELS}, "those from 0 to 1 times 255, .astype"),
        ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}, "join the"),
        ({"images": COLOUR[..., :2], "labels": LABELS}, "have no 1 or 3 channels"),
        ({"X": np.full((6, 2), np.nan), "y": LABELS}, "values that are not finite"),
        ({"X": VECTORS, "y": LABELS + 0.5}, r"column y: holds real numbers \(\d\.5\)"),
        ({"X": VECTORS, "y": np.zeros(6, dtype=int)}, "all 6 samples are of one class"),
        ({"X": VECTORS, "y": np.eye(6, dtype=int)}, r"y of shape \(6, 6\): one label a sample"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_one_line(tmp_path: Path, arrays, complaint):
    np.savez(tmp_path / "mine.npz", **arrays)

    with pytest.raises(UserError, match=complaint) as caught:
        load_path(tmp_path / "mine.npz")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["npz", "npy", "safetensors"])
def test_half_a_file_is_refused(tmp_path: Path, ending: str):
    path = tmp_path / f"mine.{ending}"
    if ending == "npz":
        np.savez(path, images=IMAGES, labels=LABELS)
    elif ending == "npy":
        np.save(path, IMAGES)
        np.save(tmp_path / "labels.npy", LABELS)
    else:
        save_file({"images": IMAGES, "labels": LABELS}, path)
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(UserError, match=r"is cut off or damaged") as caught:
        load_path(path)

    assert "\n" not in str(caught.value)
