"""Every file that is handed to a library answers in our words where it is empty or cut off."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from harness.data.formats.idx import read_idx
from harness.data.formats.npz import open_npz
from harness.data.formats.trees import Tar, Zip
from harness.embedder.files import read_embedder
from harness.errors import UserError
from harness.models.pretrained import read_weights
from harness.models.text_encoder import load_text_encoder
from harness.reading import read_embeddings

ROWS = np.arange(24, dtype=np.float32).reshape(6, 4)
TABLE = b"a,b\n" + b"".join(b"%d,%d.5\n" % (7**one % 1009, one) for one in range(200))


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def zipped(file: io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/b.txt", "x" * 50)


def tarred(file: io.BytesIO) -> None:
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("a/b.txt", "a/c.txt"):
            member = tarfile.TarInfo(name)
            member.size = 4096
            archive.addfile(member, io.BytesIO(np.random.default_rng(0).bytes(4096)))


def as_parquet(file: io.BytesIO) -> None:
    import pandas as pd

    pd.DataFrame({"a": ROWS[:, 0], "b": ROWS[:, 1]}).to_parquet(file)


FILES: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "npy": ("a.npy", written(lambda file: np.save(file, ROWS)), read_embeddings),
    "npz": ("a.npz", written(lambda file: np.savez(file, rows=ROWS)), read_embeddings),
    "safetensors": ("a.safetensors", save({"rows": ROWS}), read_embeddings),
    "parquet": ("a.parquet", written(as_parquet), read_embeddings),
    "gzip": ("a.csv.gz", gzip.compress(TABLE, mtime=0), read_embeddings),
    "bzip2": ("a.csv.bz2", bz2.compress(TABLE), read_embeddings),
    "xz": ("a.csv.xz", lzma.compress(TABLE), read_embeddings),
    "embedder": ("a.safetensors", save({"rows": ROWS}), read_embedder),
    "weights": ("a.safetensors", save({"rows": ROWS}), read_weights),
    "torch": ("a.pth", written(lambda file: torch.save({"a": torch.ones(3)}, file)), read_weights),
    "encoder": ("a.zip", written(zipped), lambda path: load_text_encoder(str(path))),
    "arrays": (
        "a.npz",
        written(lambda file: np.savez(file, rows=ROWS)),
        lambda path: open_npz(path).__enter__(),
    ),
    "idx": (
        "a.gz",
        gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 9]) + bytes(9), mtime=0),
        read_idx,
    ),
    "zip": ("a.zip", written(zipped), lambda path: Zip(path).names),
    "tar": ("a.tar.gz", written(tarred), lambda path: Tar(path).names),
}
OF_LIBRARIES = ("deserializ", "header", "Expected (", "EOF", "end-of-stream", "magic", "not a zip")


def line_of(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    assert not any(word in said for word in OF_LIBRARIES)
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_empty_cut_off_a_folder_or_not_there_says_so(
    kind: str, tmp_path: Path
) -> None:
    name, whole, read = FILES[kind]
    path = tmp_path / name
    if kind != "encoder":  # named otherwise: a folder is an encoder too, a name may be published
        assert line_of(read, path) == "there is no such file"
    for content, said in (
        (b"", "is empty"),
        (whole[: len(whole) // 2], "is cut off or damaged: it is"),
        # A tar ends before the last bytes of what packs it.
        (whole[: -999 if kind == "tar" else -9], "is cut off or damaged: it is"),
    ):
        path.write_bytes(content)
        assert line_of(read, path).startswith(said)
    path.unlink()
    path.mkdir()
    if kind != "encoder":
        assert line_of(read, path) == "is a folder: a file is needed"
