"""What is put into a store comes out of it, once and unchanged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.record import Artifact, Concatenation, Record
from harness.store import Store

MakeRecord = Callable[..., Record]
MakeConcatenation = Callable[..., Concatenation]


def test_a_record_comes_back_equal(tmp_path: Path, record: MakeRecord) -> None:
    put = record()
    with Store.open(tmp_path / "store", create=True) as store:
        store.put(put)
    with Store.open(tmp_path / "store") as store:
        assert store.record(put.run_id) == put


def test_an_unknown_run_has_no_record(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        assert store.record("nothing") is None


def test_records_come_in_the_order_in_which_they_were_put(
    tmp_path: Path, record: MakeRecord
) -> None:
    put = [record(seed=seed) for seed in (3, 1, 2)]
    with Store.open(tmp_path, create=True) as store:
        for one in put:
            store.put(one)
        assert store.records() == put


@pytest.mark.parametrize(
    "varied",
    [
        {"protocol_digest": "q" * 64},
        {"dataset": "digits"},
        {"dataset_digest": "e" * 64},
        {"training_semantics": 2},
    ],
)
def test_records_can_be_asked_for_by_what_makes_them_comparable(
    tmp_path: Path, record: MakeRecord, varied: dict[str, object]
) -> None:
    wanted, other = record(**varied), record()
    with Store.open(tmp_path, create=True) as store:
        store.put(other)
        store.put(wanted)
        assert store.records(**varied) == [wanted]  # type: ignore[arg-type]


def test_a_run_that_is_done_is_never_overwritten(tmp_path: Path, record: MakeRecord) -> None:
    first, second = record(), record(started="2026-01-01T00:00:00+00:00")
    with Store.open(tmp_path, create=True) as store:
        store.put(first)
        assert store.put(second, replace=True) == first


def test_a_failed_run_stays_unless_it_is_to_be_replaced(tmp_path: Path, record: MakeRecord) -> None:
    failed, done = record(state="failed"), record()
    with Store.open(tmp_path, create=True) as store:
        store.put(failed)
        assert store.put(done) == failed


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_run_without_scores_can_be_replaced(
    tmp_path: Path, record: MakeRecord, state: str
) -> None:
    before, done = record(state=state), record()
    with Store.open(tmp_path, create=True) as store:
        store.put(before)
        store.put(done, replace=True)
        assert store.records() == [done]


def test_run_states_tell_what_need_not_run_again(tmp_path: Path, record: MakeRecord) -> None:
    done, failed = record(seed=0), record(seed=1, state="failed")
    with Store.open(tmp_path, create=True) as store:
        store.put(done)
        store.put(failed)
        assert store.run_states() == {done.run_id: "done", failed.run_id: "failed"}


def test_scopes_say_what_the_store_holds_newest_first(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.put(record(seed=0))
        store.put(record(seed=1))
        store.put(record(dataset="digits", unlocked=("steps=5",)))
        found = [(scope.dataset, scope.unlocked, scope.records) for scope in store.scopes()]
    assert found == [("digits", ("steps=5",), 1), ("glyphs", (), 2)]


def test_arrays_come_back_equal(tmp_path: Path, record: MakeRecord) -> None:
    embeddings = np.arange(6, dtype=np.float32).reshape(3, 2)
    with Store.open(tmp_path, create=True) as store:
        put = store.put(record(), {"embeddings": embeddings})
        np.testing.assert_array_equal(store.arrays(put)["embeddings"], embeddings)


def test_arrays_that_are_not_contiguous_come_back_equal(tmp_path: Path, record: MakeRecord) -> None:
    transposed = np.arange(6, dtype=np.float32).reshape(3, 2).T
    with Store.open(tmp_path, create=True) as store:
        put = store.put(record(), {"embeddings": transposed})
        np.testing.assert_array_equal(store.arrays(put)["embeddings"], transposed)


def test_a_record_put_with_arrays_names_their_file(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        put = store.put(record(), {"embeddings": np.zeros(3)})
        assert isinstance(put.artifact, Artifact)
        assert (tmp_path / put.artifact.path).is_file()


def test_a_record_without_arrays_has_none(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        assert store.arrays(store.put(record())) == {}


def test_putting_a_run_again_leaves_no_second_file(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.put(record(), {"embeddings": np.zeros(3)})
        store.put(record(), {"embeddings": np.ones(3)})
    assert len(list((tmp_path / "artifacts").iterdir())) == 1


def test_a_concatenation_is_found_by_its_runs(
    tmp_path: Path, record: MakeRecord, concatenation: MakeConcatenation
) -> None:
    runs = [record(fold=fold) for fold in (0, 1)]
    joined = concatenation(*runs)
    with Store.open(tmp_path, create=True) as store:
        for run in runs:
            store.put(run)
        store.put_concatenation(joined)
        assert store.concatenation([run.run_id for run in runs]) == joined


def test_runs_that_were_not_joined_have_no_concatenation(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        assert store.concatenation(["a", "b"]) is None


def test_concatenations_can_be_asked_for_by_dataset(
    tmp_path: Path, record: MakeRecord, concatenation: MakeConcatenation
) -> None:
    glyphs, digits = record(), record(dataset="digits")
    with Store.open(tmp_path, create=True) as store:
        for run in (glyphs, digits):
            store.put(run)
            store.put_concatenation(concatenation(run))
        assert store.concatenations(dataset="digits") == [concatenation(digits)]


def test_a_concatenation_scored_anew_takes_the_place_of_the_old(
    tmp_path: Path, record: MakeRecord, concatenation: MakeConcatenation
) -> None:
    run = record()
    with Store.open(tmp_path, create=True) as store:
        store.put(run)
        store.put_concatenation(concatenation(run, semantics=1))
        store.put_concatenation(concatenation(run, semantics=2))
        assert store.concatenations() == [concatenation(run, semantics=2)]


def test_joining_a_run_that_the_store_does_not_hold_is_a_bug(
    tmp_path: Path, record: MakeRecord, concatenation: MakeConcatenation
) -> None:
    with (
        Store.open(tmp_path, create=True) as store,
        pytest.raises(ValueError, match="no run"),
    ):
        store.put_concatenation(concatenation(record()))


def test_a_closed_store_is_one_database_file(tmp_path: Path, record: MakeRecord) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.put(record())
    assert [path.name for path in tmp_path.iterdir()] == ["records.sqlite3"]
