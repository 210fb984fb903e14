"""`Store.examine` finds every kind of damage, tells leftovers from it, and repairs what it can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.record import RECORD_FORMAT
from harness.store import Store
from harness.store.examination import Damage

ARRAYS = {"test_embeddings": np.ones((6, 2), dtype=np.float32)}


@pytest.fixture
def store(tmp_path, record, concatenation):
    """Four folds of one seed with their concatenation, and a fifth run that failed."""
    with Store.open(tmp_path, create=True) as opened:
        runs = [opened.put(record(fold=fold), ARRAYS) for fold in range(4)]
        opened.put_concatenation(concatenation(*runs))
        opened.put(record(seed=1, state="failed"))
        yield opened


def kinds(store: Store) -> list[tuple[bool, str | None]]:
    return [(one.damaged, one.remedy) for one in store.examine(alone=True).findings]


def repair(store: Store) -> None:
    for finding in store.examine(alone=True).findings:
        store.repair(finding)


def artifact(store: Store, fold: int) -> Path:
    found = store.records()[fold].artifact
    assert found is not None
    return store.path / found.path


def change(store: Store, sql: str) -> None:
    store._connection.execute(sql)


def test_a_store_that_nothing_happened_to_is_sound(store):
    found = store.examine(alone=True)
    assert (found.records, found.artifacts, found.concatenations) == (5, 4, 1)
    assert found.findings == []
    assert found.sound


def test_a_missing_and_a_changed_array_cost_their_runs(store):
    artifact(store, 0).unlink()
    content = artifact(store, 1).read_bytes()
    artifact(store, 1).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert kinds(store) == [(True, "forget-run")] * 2
    repair(store)
    assert store.examine(alone=True).sound
    assert [one.identity.fold for one in store.records() if one.state == "done"] == [2, 3]
    assert store.concatenations() == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE runs SET record = '{' WHERE fold = 3",
        "UPDATE runs SET state = 'failed' WHERE fold = 2",
        "UPDATE runs SET run_id = 'another' WHERE fold = 1",
    ],
)
def test_a_row_that_contradicts_its_record_costs_its_run(store, sql):
    change(store, sql)
    found = store.examine(alone=True)
    assert ("forget-run", True) in {(one.remedy, one.damaged) for one in found.findings}
    repair(store)
    repair(store)  # the array that belonged to the row
    assert kinds(store) == []
    assert len(store.records()) == 4


def test_a_record_of_a_newer_version_is_not_read(store):
    change(store, f"UPDATE runs SET record = json_set(record, '$.format', {RECORD_FORMAT + 1})")
    assert "upgrade" in store.examine(alone=True).findings[0].what


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE concatenations SET concatenation = 'no json'",
        "UPDATE concatenations SET concatenation_id = 'another'",
        "DELETE FROM runs WHERE fold = 3",
    ],
)
def test_a_concatenation_that_holds_no_more_is_forgotten(store, sql):
    change(store, sql)
    assert (True, "forget-concatenation") in kinds(store)
    repair(store)
    assert store.examine(alone=True).sound
    assert store.concatenations() == []


def test_folds_that_are_not_joined_yet_are_no_damage(store):
    change(store, "DELETE FROM concatenations")
    (finding,) = store.examine(alone=True).findings
    assert "the next `bench run` joins them" in finding.what
    assert not finding.damaged
    store.repair(finding)
    assert len(store.records()) == 5


def test_leftover_files_are_told_only_where_nobody_writes(store):
    folder = store.path / "artifacts"
    (folder / ".half.safetensors.99.tmp").write_bytes(b"ha")
    (folder / "nobodys.safetensors").write_bytes(b"")
    assert store.examine(alone=False).findings == []
    assert kinds(store) == [(False, "remove-file")] * 2
    repair(store)
    assert len(list(folder.iterdir())) == 4


def test_an_index_that_misses_a_row_is_found(store):
    change(store, "PRAGMA writable_schema = ON")
    change(store, "DELETE FROM sqlite_master WHERE name = 'runs_by_state'")
    change(store, "PRAGMA writable_schema = RESET")
    (finding,) = store.examine(alone=True).findings
    assert finding.what.startswith("the database: ")
    assert finding.damaged
    assert finding.remedy is None


def test_who_holds_the_store_is_not_joined_by_a_second(store):
    with (
        Store.open(store.path) as other,
        store.sole_writer(waiting=pytest.fail),
        other.sole_writer_if_free() as alone,
    ):
        assert not alone
    with store.sole_writer_if_free() as alone:
        assert alone


def test_a_finding_without_a_remedy_changes_nothing(store):
    store.repair(Damage("beyond repair", damaged=True))
    assert len(store.records()) == 5


def test_a_record_that_was_edited_is_found(make_store):
    import json
    import sqlite3

    from harness.store import Store

    path = make_store()
    connection = sqlite3.connect(path / "records.sqlite3")
    run_id, text = connection.execute("SELECT run_id, record FROM runs").fetchone()
    content = json.loads(text)
    content["scores"]["values"]["map_at_r"] = 0.999
    values = (json.dumps(content), run_id)
    connection.execute("UPDATE runs SET record = ? WHERE run_id = ?", values)
    connection.commit()
    with Store.open(path) as store:
        findings = [one.what for one in store.examine(alone=True).findings if one.damaged]
    assert findings == [
        f"run {run_id}: its record was changed after it was stored (its digest differs)"
    ]
