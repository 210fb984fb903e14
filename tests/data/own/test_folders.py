from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import TEST, TRAIN, VALIDATION
from harness.data.own import load_path
from harness.errors import UserError

pytestmark = pytest.mark.usefixtures("home")


def write(root: Path, encode, *names: str) -> Path:
    for seed, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(seed))
    return root


def test_the_folder_of_an_image_is_its_class(tmp_path: Path, encode):
    folder = write(tmp_path / "mine", encode, "dog/1.png", "dog/2.png", "cat/1.png", "cat/n.txt")
    (folder / "cat/n.txt").write_text("notes")

    dataset = load_path(folder, size=8)

    assert dataset.name == "mine"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 1, 1]
    assert dataset.inputs.shape == (3, 3, 8, 8)
    assert dataset.parts is None


def test_an_archive_of_folders_is_a_folder_of_them(tmp_path: Path, encode):
    folder = write(tmp_path / "mine", encode, "dog/1.png", "cat/1.png", "cat/2.png")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, Path("around") / path.relative_to(folder))

    packed, unpacked = load_path(tmp_path / "mine.zip", size=8), load_path(folder, size=8)

    np.testing.assert_array_equal(packed.inputs, unpacked.inputs)
    assert packed.class_names == unpacked.class_names


def test_folders_train_val_and_test_are_its_parts(tmp_path: Path, encode):
    names = [
        f"{part}/{kind}/{n}.png" for part in ("train", "Val", "test") for kind in "ab" for n in "12"
    ]

    dataset = load_path(write(tmp_path / "split", encode, *names))

    assert dataset.class_names == ("a", "b")
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [VALIDATION] * 4 + [TEST] * 4 + [TRAIN] * 4


def test_folders_in_folders_are_classes_of_their_own(tmp_path: Path, encode):
    dataset = load_path(
        write(tmp_path / "deep", encode, "cat/tabby/1.png", "cat/1.png", "dog/1.png")
    )

    assert dataset.class_names == ("cat", "cat/tabby", "dog")


def test_names_need_not_be_ascii(tmp_path: Path, encode):
    dataset = load_path(write(tmp_path / "Bücher", encode, "犬/é1.png", "Vögel/ß 2.png"))

    assert dataset.class_names == ("Vögel", "犬")


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], "holds no images"),
        (["a.png", "cat/b.png"], "a.png lies in no class's folder"),
        (["cat/a.png", "cat/b.png"], "all 2 images are of one class"),
    ],
)
def test_a_folder_without_classes_is_refused(tmp_path: Path, encode, names, complaint):
    (tmp_path / "mine").mkdir()

    with pytest.raises(UserError, match=complaint):
        load_path(write(tmp_path / "mine", encode, *names))


def test_a_class_without_images_is_refused(tmp_path: Path, encode):
    folder = write(tmp_path / "mine", encode, "cat/a.png", "dog/b.png")
    (folder / "newt").mkdir()

    with pytest.raises(UserError, match="class folder newt holds no images"):
        load_path(folder)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"--data .*nowhere: no such file or folder"):
        load_path(tmp_path / "nowhere")
    (tmp_path / "notes.doc").write_text("x")
    with pytest.raises(UserError, match=r"neither a folder nor one of \.csv, \.npy, \.npz"):
        load_path(tmp_path / "notes.doc")
