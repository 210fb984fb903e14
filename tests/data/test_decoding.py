"""Decoding once: the cache, what is left when it fails, and what is held at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.data import decoding
from harness.data.dataset import TEST, TRAIN
from harness.data.decoding import decode_all, decode_once, image_dataset
from harness.data.formats.images import decode_image
from harness.data.formats.trees import Tree
from harness.data.own.folders import folder_index
from harness.data.sources.index import ImageIndex
from harness.errors import UserError


@pytest.fixture
def folder(tmp_path: Path, encode) -> Path:
    """Two classes of two images each, one of them under a name that is not ASCII."""
    for number, name in enumerate(["cats/a.png", "cats/b.png", "Vögel/ä.png", "Vögel/b.png"]):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(number))
    return tmp_path / "pictures"


def load(folder: Path, size: int = 4):
    return image_dataset(
        "pictures", [folder], folder_index, size=size, source="tests", licence="MIT"
    )


def test_each_image_is_decoded_to_its_place(home: Path, folder: Path):
    dataset = load(folder)

    assert dataset.class_names == ("Vögel", "cats")
    assert dataset.labels.tolist() == [0, 0, 1, 1]
    names = ["Vögel/ä.png", "Vögel/b.png", "cats/a.png", "cats/b.png"]
    stored = sorted(names)
    for image, name in zip(dataset.inputs, sorted(names, key=stored.index), strict=True):
        content = (folder / name).read_bytes()
        np.testing.assert_array_equal(image, decode_image(content, name, size=4, channels=3))


def test_images_are_decoded_once(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    first = load(folder)
    monkeypatch.setattr(decoding, "decode_image", None)

    again = load(folder)

    np.testing.assert_array_equal(again.inputs, first.inputs)
    assert again.digest == first.digest


def test_another_size_is_decoded_anew(home: Path, folder: Path):
    assert load(folder, 4).inputs.shape == (4, 3, 4, 4)
    assert load(folder, 2).inputs.shape == (4, 3, 2, 2)


def test_a_changed_file_is_decoded_anew(home: Path, folder: Path, encode):
    first = load(folder)
    (folder / "cats/a.png").write_bytes(encode(99, size=(7, 5)))

    assert load(folder).digest != first.digest


@pytest.mark.parametrize("content", [b"", b"<html>", None], ids=["empty", "no image", "cut off"])
def test_a_broken_image_is_named_and_nothing_is_left(
    home: Path, folder: Path, encode, content: bytes | None
):
    (folder / "cats/b.png").write_bytes(encode(1)[:40] if content is None else content)

    with pytest.raises(UserError, match=r"cats/b\.png: cannot be decoded") as caught:
        load(folder)

    assert "\n" not in str(caught.value)
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert list((home / "decoded").iterdir()) == []


def test_a_full_disk_is_one_line_and_nothing_is_left(home: Path, folder: Path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Room for one image of 64 pixels and a half.
    resource.setrlimit(resource.RLIMIT_FSIZE, (18_000, before[1]))
    try:
        with pytest.raises(UserError, match="cannot be written") as caught:
            load(folder, 64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert "\n" not in str(caught.value)
    assert list((home / "decoded").iterdir()) == []
    assert load(folder, 64).inputs.shape == (4, 3, 64, 64)


def test_what_a_killed_process_left_is_removed(home: Path, folder: Path):
    command = [sys.executable, "-c", "import os; print(os.getpid())"]
    killed = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    dead, alive = int(killed.stdout), os.getpid()
    for process in (dead, alive):
        (home / "decoded" / f".partial-{process}-other-4-abc").mkdir(parents=True)

    load(folder)

    left = [path.name for path in (home / "decoded").glob(".partial-*")]
    assert left == [f".partial-{alive}-other-4-abc"]


def test_a_damaged_cache_says_how_to_mend_it(home: Path, folder: Path):
    load(folder)
    (table,) = home.rglob("codes.npz")
    table.write_bytes(table.read_bytes()[:50])

    with pytest.raises(UserError, match=r"is damaged .*; remove it to decode again"):
        load(folder)


def test_files_in_two_parts_are_found_by_their_digest(
    home: Path, tmp_path: Path, encode, caplog: pytest.LogCaptureFixture
):
    for name, seed in {"train/x/1": 1, "train/y/2": 2, "test/x/3": 3, "test/y/4": 2}.items():
        path = tmp_path / "split" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(seed))

    dataset = load(tmp_path / "split")

    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TEST, TEST, TRAIN, TRAIN]
    found = decode_once("pictures", [tmp_path / "split"], folder_index, size=4)
    assert found.duplicates == (("train/y/2.png", "test/y/4.png"),)
    assert "1 images stand in training and test parts both" in caplog.text


def test_the_source_digest_is_of_the_encoded_bytes(home: Path, folder: Path):
    four = decode_once("pictures", [folder], folder_index, size=4)
    two = decode_once("pictures", [folder], folder_index, size=2)

    assert four.source_digest == two.source_digest
    assert len(four.source_digest) == 64


class Counted:
    """A tree of many small images that counts how many are read and not yet decoded."""

    def __init__(self, content: bytes, count: int) -> None:
        self.where = Path("counted")
        self.names = [f"a/{number:04d}.png" for number in range(count)]
        self._content = content
        self._lock = threading.Lock()
        self.held = self.most = 0

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for name in names:
            with self._lock:
                self.held += 1
                self.most = max(self.most, self.held)
            yield name, self._content

    def done(self) -> None:
        with self._lock:
            self.held -= 1


@pytest.mark.parametrize("count", [130, 390])
def test_what_is_held_does_not_grow_with_the_dataset(
    tmp_path: Path, encode, monkeypatch: pytest.MonkeyPatch, count: int
):
    tree: Tree = (counted := Counted(encode(0), count))

    def decode(*args, **options):
        image = decode_image(*args, **options)
        counted.done()
        return image

    monkeypatch.setattr(decoding, "decode_image", decode)
    index = ImageIndex(
        names=tuple(tree.names), labels=np.zeros(count, dtype=np.int64), class_names=("a",)
    )

    digests, _ = decode_all(tree, index, tmp_path / "images.npy", size=2)

    assert counted.most <= 64
    assert len(set(digests)) == 1
    assert np.load(tmp_path / "images.npy", mmap_mode="r").shape == (count, 3, 2, 2)
