"""`bench doctor` as a person types it: what it says, what it mends, and its exit codes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.errors import UserError
from harness.store import Store


def doctor(store: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["doctor", str(store), *options])
    if isinstance(result.exception, UserError):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def damaged(make_store) -> Path:
    """A store of six runs: an array is missing, and half of a file was left."""
    store = make_store()
    sorted((store / "artifacts").iterdir())[0].unlink()
    (store / "artifacts" / ".half.safetensors.7.tmp").touch()
    return store


def test_a_sound_store(make_store):
    code, printed = doctor(make_store())
    assert code == 0
    assert printed.endswith("6 records, 6 artifacts, 0 concatenations: sound\n")


def test_what_would_mend_a_store_is_said_and_not_done(damaged):
    code, printed = doctor(damaged)
    assert code == 1
    assert "damaged: run " in printed
    assert "--repair forgets the run; the next `bench run` trains it again\n" in printed
    assert "left over: artifacts/.half.safetensors.7.tmp is half of a file" in printed
    assert printed.endswith(": 1 damaged\n")
    assert doctor(damaged) == (code, printed)


def test_what_is_repaired_is_sound_after(damaged):
    code, printed = doctor(damaged, "--repair")
    assert code == 0
    assert printed.count(": done\n") == 2
    assert "5 records, 5 artifacts" in printed
    assert doctor(damaged)[0] == 0


def test_a_store_without_excerpts_is_sound_and_gets_them(make_store):
    store = make_store()
    connection = sqlite3.connect(store / "records.sqlite3")
    with connection:
        connection.execute("DELETE FROM excerpts")
    connection.close()
    code, printed = doctor(store)
    assert code == 0
    assert "left over: 6 runs have no excerpt" in printed
    assert "--repair writes what is missing, from the records\n" in printed
    assert "no excerpt" in doctor(store, "--repair")[1]
    assert "no excerpt" not in doctor(store)[1]


def test_a_store_in_use_is_looked_at_but_not_repaired(damaged):
    with Store.open(damaged) as store, store.sole_writer(waiting=pytest.fail):
        code, printed = doctor(damaged)
        assert code == 1
        assert "another process may write" in printed
        assert ".tmp" not in printed
        with pytest.raises(UserError, match="not now"):
            doctor(damaged, "--repair")


def test_a_database_that_is_none_cannot_be_mended(make_store):
    store = make_store()
    for path in store.glob("records.sqlite3*"):
        path.write_bytes(b"x" * 8192)
    code, printed = doctor(store)
    assert code == 1
    assert "nothing here can mend it" in printed


def test_a_store_whose_making_was_interrupted_has_lost_nothing(tmp_path):
    sqlite3.connect(tmp_path / "records.sqlite3").close()
    (tmp_path / "records.sqlite3").touch()
    code, printed = doctor(tmp_path)
    assert code == 0
    assert "there is no store yet: sound" in printed


def test_where_there_is_no_store_is_one_line(tmp_path):
    with pytest.raises(UserError, match="there is no store"):
        doctor(tmp_path)


def test_the_store_at_hand_is_the_default(make_store, monkeypatch):
    store = make_store("bench-store")
    monkeypatch.chdir(store.parent)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert "store bench-store: 6 records" in result.output
