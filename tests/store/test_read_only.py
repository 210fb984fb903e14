"""A store that cannot be written can be read, and says so when it is written to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.record import Record
from harness.store import Store

MakeRecord = Callable[..., Record]
ReadOnly = Callable[[Path], AbstractContextManager[None]]


def test_a_read_only_store_can_be_read(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    with Store.open(open_folder / "store", create=True) as store:
        store.put(record())
    with read_only(open_folder), Store.open(open_folder / "store") as store:
        assert store.records() == [record()]


def test_the_arrays_of_a_read_only_store_can_be_read(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    with Store.open(open_folder / "store", create=True) as store:
        put = store.put(record(), {"embeddings": np.ones(3)})
    with read_only(open_folder), Store.open(open_folder / "store") as store:
        np.testing.assert_array_equal(store.arrays(put)["embeddings"], np.ones(3))


def test_a_read_only_store_shows_what_a_live_writer_has_not_checkpointed(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    with Store.open(open_folder / "store", create=True) as writer:
        writer.put(record())
        with read_only(open_folder), Store.open(open_folder / "store") as store:
            assert store.records() == [record()]


def test_a_read_only_copy_of_a_store_in_use_misses_no_row(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    copy = open_folder / "copy"
    copy.mkdir()
    with Store.open(open_folder / "store", create=True) as writer:
        writer.put(record())
        for name in ("records.sqlite3", "records.sqlite3-wal"):
            (copy / name).write_bytes((open_folder / "store" / name).read_bytes())
    with read_only(copy), Store.open(copy) as store:
        assert store.records() == [record()]


def test_writing_to_a_read_only_store_says_so(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    Store.open(open_folder / "store", create=True).close()
    with (
        read_only(open_folder),
        Store.open(open_folder / "store", create=True) as store,
        pytest.raises(UserError, match="is read-only: nothing can be added"),
    ):
        store.put(record())


def test_a_store_tells_that_it_is_read_only_before_any_work_is_lost(
    open_folder: Path, read_only: ReadOnly
) -> None:
    Store.open(open_folder / "store", create=True).close()
    with read_only(open_folder), Store.open(open_folder / "store", create=True) as store:
        assert store.read_only


def test_no_store_is_made_in_a_read_only_folder(open_folder: Path, read_only: ReadOnly) -> None:
    with read_only(open_folder), pytest.raises(UserError, match="is read-only"):
        Store.open(open_folder / "store", create=True)


def test_a_folder_for_artifacts_that_is_read_only_says_so(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    with Store.open(open_folder / "store", create=True) as store:
        (open_folder / "store" / "artifacts").mkdir()
        with (
            read_only(open_folder / "store" / "artifacts"),
            pytest.raises(UserError, match="is read-only"),
        ):
            store.put(record(), {"embeddings": np.ones(3)})
