"""What is no store, or a damaged one, is refused in one line that says why."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.record import Record
from harness.store import Store

MakeRecord = Callable[..., Record]


def refusal(path: Path, *, create: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        Store.open(path, create=create).close()
    line = str(caught.value)
    assert "\n" not in line
    return line


def change(store: Path, statement: str) -> None:
    connection = sqlite3.connect(store / "records.sqlite3")
    with connection:
        connection.execute(statement)
    connection.close()


def a_store(path: Path, *records: Record) -> Path:
    with Store.open(path, create=True) as store:
        for record in records:
            store.put(record)
    return path


def test_a_file_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "records"
    file.write_text("")
    assert "is a file; a store is a directory" in refusal(file, create=True)


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_in_place_of_the_database_is_no_store(tmp_path: Path, create: bool) -> None:
    (tmp_path / "records.sqlite3").mkdir()
    assert "records.sqlite3 is a folder" in refusal(tmp_path, create=create)


def test_a_path_below_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file" / "store") in refusal(tmp_path / "file" / "store", create=True)


def test_reading_where_there_is_no_store_makes_none(tmp_path: Path) -> None:
    assert "there is no store" in refusal(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_text_file_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").write_text("not a database, but long enough to be one. " * 100)
    assert "is not a database" in refusal(tmp_path, create=True)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE moz_places (url TEXT)")
    assert "another program" in refusal(tmp_path, create=True)


def test_the_database_of_another_program_is_left_as_it_was(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE moz_places (url TEXT)")
    before = (tmp_path / "records.sqlite3").read_bytes()
    refusal(tmp_path, create=True)
    assert (tmp_path / "records.sqlite3").read_bytes() == before


def test_a_store_of_a_newer_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    change(a_store(tmp_path), "PRAGMA user_version = 99")
    assert "has schema 99" in refusal(tmp_path)


def test_a_database_that_was_begun_and_never_filled_holds_no_store_yet(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").touch()
    assert "is empty" in refusal(tmp_path)


def test_a_database_that_was_begun_and_never_filled_can_be_filled(
    tmp_path: Path, record: MakeRecord
) -> None:
    (tmp_path / "records.sqlite3").touch()
    a_store(tmp_path, record())
    with Store.open(tmp_path) as store:
        assert store.records() == [record()]


def test_a_truncated_database_is_refused(tmp_path: Path, record: MakeRecord) -> None:
    file = a_store(tmp_path, *(record(seed=seed) for seed in range(20))) / "records.sqlite3"
    file.write_bytes(file.read_bytes()[:-8192])
    assert "damaged" in refusal(tmp_path)


def test_a_database_overwritten_in_the_middle_is_refused(
    tmp_path: Path, record: MakeRecord
) -> None:
    file = a_store(tmp_path, *(record(seed=seed) for seed in range(20))) / "records.sqlite3"
    content = bytearray(file.read_bytes())
    content[4096:-4096] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    assert "damaged" in refusal(tmp_path)


def test_a_store_without_one_of_its_tables_is_refused(tmp_path: Path) -> None:
    change(a_store(tmp_path), "DROP TABLE concatenations")
    assert "table concatenations is missing" in refusal(tmp_path)


def test_a_record_that_does_not_parse_is_named_and_never_skipped(
    tmp_path: Path, record: MakeRecord
) -> None:
    good, bad = record(seed=0), record(seed=1)
    a_store(tmp_path, good, bad)
    change(tmp_path, f"UPDATE runs SET record = '{{' WHERE run_id = '{bad.run_id}'")
    with Store.open(tmp_path) as store, pytest.raises(UserError, match=bad.run_id):
        store.records()


def test_a_record_whose_bytes_are_no_text_is_one_line(tmp_path: Path, record: MakeRecord) -> None:
    a_store(tmp_path, record())
    change(tmp_path, "UPDATE runs SET record = CAST(x'ff' AS TEXT)")
    with Store.open(tmp_path) as store, pytest.raises(UserError, match="damaged"):
        store.records()


def test_a_record_of_a_newer_format_asks_for_an_upgrade(tmp_path: Path, record: MakeRecord) -> None:
    a_store(tmp_path, record())
    change(tmp_path, """UPDATE runs SET record = json_set(record, '$.format', 9, '$.new', 1)""")
    with Store.open(tmp_path) as store, pytest.raises(UserError, match="has format 9"):
        store.records()


def test_a_changed_artifact_is_not_read(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        put = store.put(record(), {"embeddings": np.zeros(3)})
        assert put.artifact is not None
        file = tmp_path / put.artifact.path
        file.write_bytes(file.read_bytes()[:-1] + b"\x01")
        with pytest.raises(UserError, match="is damaged"):
            store.arrays(put)


def test_a_missing_artifact_is_one_line(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        put = store.put(record(), {"embeddings": np.zeros(3)})
        assert put.artifact is not None
        (tmp_path / put.artifact.path).unlink()
        with pytest.raises(UserError, match="is missing"):
            store.arrays(put)


def test_a_locked_store_says_that_another_process_holds_it(
    tmp_path: Path, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.store.database.WAIT_SECONDS", 0.05)
    a_store(tmp_path)
    holder = sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Store.open(tmp_path) as store, pytest.raises(UserError, match="another process"):
        store.put(record())
    holder.close()


@pytest.mark.parametrize("what", ["removed", "replaced", "moved with its folder"])
def test_a_database_that_goes_while_it_is_open_takes_no_more_records(
    what: str, tmp_path: Path, record: MakeRecord
) -> None:
    path = tmp_path / "results"
    with Store.open(path, create=True) as store:
        store.put(record(seed=0))
        if what == "moved with its folder":
            path.rename(tmp_path / "elsewhere")
        else:
            (path / "records.sqlite3").unlink()
        if what == "replaced":
            a_store(tmp_path / "other", record(seed=2))
            (tmp_path / "other" / "records.sqlite3").rename(path / "records.sqlite3")
        with pytest.raises(UserError, match=r"records\.sqlite3 was removed or replaced while it"):
            store.put(record(seed=1))


def test_whoever_writes_maps_no_file_that_another_could_cut_short(tmp_path: Path) -> None:
    """What is mapped and cut ends the process that reads it, by a signal."""
    asked = "PRAGMA mmap_size"
    with Store.open(tmp_path, create=True) as writes, Store.open(tmp_path) as reads:
        assert writes._connection.execute(asked).fetchone() == (0,)
        assert reads._connection.execute(asked).fetchone() > (0,)


def test_a_table_that_goes_while_it_is_open_is_said(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.put(record(seed=0))
        change(tmp_path, "DROP TABLE runs")
        with pytest.raises(UserError, match="is damaged and cannot be read on"):
            store.put(record(seed=1))
