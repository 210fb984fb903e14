"""Entries of the tests' own, and small files of the true formats."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.sources import Files, PublishedDataset, PublishedFile


@pytest.fixture(autouse=True)
def _at_home(home: Path) -> None:
    """Every test of published datasets has a data home of its own."""


def _read(entry: PublishedDataset, files: Files) -> Dataset:
    values = np.frombuffer(b"".join(path.read_bytes() for path in files.values()), dtype=np.uint8)
    return Dataset(
        name=entry.name,
        inputs=values.reshape(-1, 1, 1, 1).copy(),
        labels=np.arange(len(values), dtype=np.int64) % 2,
        class_names=("a", "b"),
        source=entry.source,
        licence=entry.licence,
    )


@pytest.fixture
def make_entry() -> Callable[..., PublishedDataset]:
    """A function from file names and their contents to an entry that knows their digests."""

    def make(contents: Mapping[str, bytes], *, url: str = "", **declared: str) -> PublishedDataset:
        return PublishedDataset(
            name="toy",
            family="toy",
            summary="bytes",
            source="tests",
            licence="MIT",
            files=tuple(
                PublishedFile(
                    name=name,
                    md5=hashlib.md5(content).hexdigest(),
                    url=f"{url}/{name}" if url else "",
                )
                for name, content in contents.items()
            ),
            read=_read,
            **declared,
        )

    return make


Pack = Callable[[Path, Mapping[str, bytes]], Path]


@pytest.fixture(scope="session")
def pack() -> Pack:
    """A function that writes files into a .zip or .tar archive, by the ending of its name."""

    def packed(path: Path, files: Mapping[str, bytes]) -> Path:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            return path
        with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return path

    return packed
