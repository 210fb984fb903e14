"""A full disk costs the run that found it full, and nothing that was stored before."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.record import Record
from harness.store import Store

MakeRecord = Callable[..., Record]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 300 KiB, where this process may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no permission to mount a tmpfs")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def put_until_full(store: Store, record: MakeRecord, floats: int) -> list[Record]:
    stored: list[Record] = []

    def put_many() -> None:
        for seed in range(1000):
            stored.append(store.put(record(seed=seed), {"embeddings": np.full(floats, seed)}))

    with pytest.raises(UserError, match="disk is full"):
        put_many()
    return stored


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as rest, contextlib.suppress(OSError):
        while True:
            rest.write(b"0" * 4096)


@pytest.mark.parametrize("floats", [10, 4000], ids=["in the database", "in an artifact"])
def test_what_was_stored_before_the_disk_was_full_can_be_read(
    tiny_disk: Path, record: MakeRecord, floats: int
) -> None:
    with Store.open(tiny_disk / "store", create=True) as store:
        stored = put_until_full(store, record, floats)
        assert store.records() == stored
        for one in stored:
            np.testing.assert_array_equal(
                store.arrays(one)["embeddings"], np.full(floats, one.identity.seed)
            )


def test_a_store_on_a_full_disk_can_be_opened_for_reading(
    tiny_disk: Path, record: MakeRecord
) -> None:
    with Store.open(tiny_disk / "store", create=True) as store:
        stored = put_until_full(store, record, 4000)
    fill(tiny_disk / "rest")
    with Store.open(tiny_disk / "store") as store:
        assert store.records() == stored


def test_a_store_goes_on_once_there_is_room_again(tiny_disk: Path, record: MakeRecord) -> None:
    with Store.open(tiny_disk / "store", create=True) as store:
        stored = put_until_full(store, record, 4000)
        subprocess.run(["mount", "-o", "remount,size=4m", str(tiny_disk)], check=True)
        stored.append(store.put(record(seed=len(stored)), {"embeddings": np.ones(4000)}))
        assert store.records() == stored


def test_an_artifact_that_found_no_room_leaves_nothing(
    tmp_path: Path, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Store.open(tmp_path, create=True) as store:
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(UserError, match="disk is full"):
            store.put(record(), {"embeddings": np.ones(3)})
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_a_row_that_found_no_room_leaves_no_artifact(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        put_until_full(store, record, 3)
        named = {one.artifact.path for one in store.records() if one.artifact}
    assert {f"artifacts/{path.name}" for path in (tmp_path / "artifacts").iterdir()} == named
