"""What a leaderboard reads is written with its Record, and is never older than it."""

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from harness.record import Audit, Parameters, Record, Scores
from harness.store import Store, examination, excerpts
from harness.store.examination import Damage
from harness.store.excerpts import Excerpt, excerpts_of, read_excerpt, runs_without, written

MakeRecord = Callable[..., Record]
ReadOnly = Callable[[Path], AbstractContextManager[None]]

# What an earlier version's database has not.
EARLIER = """DROP TRIGGER changed_run; DROP TRIGGER forgotten_run;
DROP TABLE excerpts; DROP TABLE commons;"""


@pytest.fixture
def store(tmp_path: Path, record: MakeRecord) -> Iterator[Store]:
    """Two done runs, a failed one, and a trial's."""
    with Store.open(tmp_path / "store", create=True) as store:
        store.put(record(fold=0))
        store.put(record(fold=1))
        store.put(record(fold=2, state="failed"))
        store.put(record(fold=0, seed=9, search=0, trial=3))
        yield store


def read(store: Store) -> list[Excerpt]:
    return [one for scope in store.scopes() for one in store.excerpts(scope)]


def made_by_an_earlier_version(store: Store) -> Path:
    store._connection.executescript(EARLIER)
    store.close()
    return store.path


def excerpt_findings(store: Store) -> list[tuple[bool, str]]:
    found = store.examine(alone=True).findings
    return [(one.damaged, one.target) for one in found if one.remedy == "write-excerpts"]


def repair(store: Store) -> None:
    for finding in store.examine(alone=True).findings:
        store.repair(finding)


def test_the_excerpts_are_those_of_the_replicates_records(store: Store) -> None:
    assert [one.fold for one in read(store)] == [0, 1, 2]
    assert read(store) == excerpts_of(store.records())
    assert runs_without(store._connection) == []


def test_runs_of_one_point_share_what_they_have_in_common(store: Store) -> None:
    first, second, failed = read(store)
    assert first.common is second.common
    assert failed.common.metrics == ()
    assert failed.reason == ("diverged", "the loss was nan")
    assert not failed.scored


def test_numbers_keep_every_bit(record: MakeRecord) -> None:
    values = {"a": 0.1 + 0.2, "b": 5e-324, "c": math.inf, "d": -0.0, "e": 1e308}
    extra = {"a": 0.5, "mine": None, "yours": 1 / 3}
    scores = Scores(
        semantics=1, values=values, extra=extra, queries=6, singletons=2, collapsed=True
    )
    audit = Audit(
        steps=2**60 + 1,
        images_embedded=3,
        backward_passes=4,
        zero_gradients=0,
        training_seconds=0.1,
        seconds=1 / 7,
        peak_memory_bytes=None,
        parameters=Parameters(trunk=1, head=2, objective=3),
    )
    full = record().model_copy(update={"scores": scores, "audit": audit})
    (expected,) = excerpts_of([full])
    found = read_excerpt(expected.common, written(full)[1])
    assert repr(found) == repr(expected)
    assert dict(zip(found.common.metrics, found.values, strict=True)) == extra | values


def test_a_score_that_is_not_a_number_stays_so(record: MakeRecord) -> None:
    scores = Scores(semantics=1, values={"a": math.nan}, queries=6, singletons=0, collapsed=False)
    one = record().model_copy(update={"scores": scores})
    (value,) = read_excerpt(excerpts_of([one])[0].common, written(one)[1]).values
    assert value is not None
    assert math.isnan(value)


def test_a_run_that_is_replaced_or_scored_again_has_a_new_excerpt(
    store: Store, record: MakeRecord
) -> None:
    store.put(record(fold=2), replace=True)
    first = store.records()[0]
    assert first.scores is not None
    again = first.scores.model_copy(update={"values": {"map_at_r": 0.75}})
    store.put_scores(first, again, {"embeddings": np.ones(3)})
    assert [list(one.values) for one in read(store)] == [[0.75], [0.25], [0.25]]
    assert read(store) == excerpts_of(store.records())


def test_a_row_that_an_earlier_version_changes_or_forgets_leaves_no_stale_excerpt(
    store: Store,
) -> None:
    # One of before Records had digests.
    changed = "json_remove(json_set(record, '$.scores.singletons', 5), '$.digest')"
    change = f"UPDATE runs SET record = {changed} WHERE fold = 1"
    store._connection.execute(change)
    store._connection.execute("DELETE FROM runs WHERE fold = 2")
    assert store._connection.execute("SELECT count(*) FROM excerpts").fetchone() == (2,)
    assert [one.singletons for one in read(store)] == [0, 5]


def test_a_store_of_an_earlier_version_gives_the_same_excerpts(store: Store) -> None:
    before = read(store)
    with Store.open(made_by_an_earlier_version(store)) as old:
        assert len(runs_without(old._connection)) == 4
        assert read(old) == before


def test_what_was_made_for_a_reader_is_kept_for_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read(store)
    with Store.open(made_by_an_earlier_version(store)) as old:
        read(old)
        assert runs_without(old._connection) == []
        monkeypatch.setattr(excerpts, "parse_record", None)  # nothing is made again
        assert read(old) == before


def test_a_run_that_changes_while_excerpts_are_made_gets_none_of_its_past(store: Store) -> None:
    first = store.records()[0]
    assert first.scores is not None
    again = first.scores.model_copy(update={"values": {"map_at_r": 0.75}})
    with Store.open(made_by_an_earlier_version(store)) as old:
        made = excerpts.read_excerpts(old.path, old._connection, old.scopes()[0]).made
        old.put_scores(first, again, {"embeddings": np.ones(3)})
        excerpts.keep_excerpts(old._connection, made)
        assert read(old)[0].values == [0.75]
        assert runs_without(old._connection) == []


def test_a_store_that_cannot_keep_what_was_made_is_read_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    before = read(store)
    with Store.open(made_by_an_earlier_version(store)) as old:
        monkeypatch.setattr(excerpts, "keep_excerpts", full)
        assert read(old) == before
        assert len(runs_without(old._connection)) == 4


def test_a_store_of_an_earlier_version_gets_excerpts_for_what_is_added(
    store: Store, record: MakeRecord
) -> None:
    with Store.open(made_by_an_earlier_version(store)) as old:
        old.put(record(fold=3))
        assert len(runs_without(old._connection)) == 4
        assert read(old) == excerpts_of(old.records())


@pytest.mark.parametrize("through", [read, repair], ids=["reading", "repairing"])
def test_no_excerpt_is_made_of_a_record_that_something_else_changed(
    store: Store, through: Callable[[Store], object]
) -> None:
    with Store.open(made_by_an_earlier_version(store)) as old:
        change = "json_set(record, '$.scores.values.map_at_r', 0.9)"
        old._connection.execute(f"UPDATE runs SET record = {change} WHERE fold = 1")
        (edited,) = [one.run_id for one in old.held() if one.fold == 1]
        through(old)
        assert edited not in [one.run_id for one in read(old)]


def test_a_store_of_an_earlier_version_is_sound_and_repair_writes_what_it_lacks(
    store: Store,
) -> None:
    with Store.open(made_by_an_earlier_version(store)) as old:
        assert excerpt_findings(old) == [(False, "")]
        assert old.examine(alone=True).sound
        repair(old)
        assert excerpt_findings(old) == []
        assert runs_without(old._connection) == []
        assert read(old) == excerpts_of(old.records())


def test_a_read_only_store_of_an_earlier_version_can_be_read(
    open_folder: Path, record: MakeRecord, read_only: ReadOnly
) -> None:
    with Store.open(open_folder / "store", create=True) as store:
        store.put(record())
        path = made_by_an_earlier_version(store)
    with read_only(open_folder), Store.open(path) as old:
        assert old.read_only
        assert read(old) == excerpts_of([record()])


def test_an_excerpt_that_is_not_its_records_is_found_and_made_again(store: Store) -> None:
    store._connection.execute("UPDATE excerpts SET own = replace(own, '0.25', '0.75')")
    scored = [one for one in store.records() if one.scores] + store.records(trials=True)
    assert excerpt_findings(store) == [(True, one.run_id) for one in scored]
    repair(store)
    assert excerpt_findings(store) == []
    assert read(store) == excerpts_of(store.records())


def test_a_record_that_does_not_parse_gets_no_excerpt(store: Store) -> None:
    store._connection.execute("UPDATE runs SET record = '{' WHERE fold = 1")
    store.repair(Damage("none", damaged=False, remedy="write-excerpts"))
    assert len(runs_without(store._connection)) == 1


def test_excerpts_of_another_format_are_as_good_as_none(store: Store) -> None:
    (scope,) = store.scopes()
    before = store.excerpts(scope)
    store._connection.execute("UPDATE commons SET format = 99, content = 'later ' || common")
    found = store.examine(alone=True).findings
    assert [finding.damaged for finding in found] == [False]
    store.repair(found[0])
    assert store.examine(alone=True).findings == []
    assert store.excerpts(scope) == before


def test_a_run_that_changes_while_the_store_is_examined_is_no_damage(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = examination._look_at_concatenations

    def meanwhile(*arguments: object) -> None:
        look(*arguments)  # type: ignore[arg-type]
        with Store.open(store.path) as other:
            first = next(one for one in other.records() if one.scores is not None)
            assert first.scores is not None
            again = first.scores.model_copy(update={"values": {"map_at_r": 0.75}})
            other.put_scores(first, again, {"a": np.zeros(1)})

    monkeypatch.setattr(examination, "_look_at_concatenations", meanwhile)
    assert [one for one in store.examine(alone=False).findings if one.damaged] == []


EDITS = {
    "a score, in the record": (
        "UPDATE runs SET record = json_set(record, '$.scores.values.map_at_r', 0.9) WHERE fold = 1"
    ),
    "its state, in the record": (
        "UPDATE runs SET record = json_set(record, '$.state', 'done') WHERE fold = 2"
    ),
    "a score, in the excerpt": (
        "UPDATE excerpts SET own = replace(own, '0.25', '0.95') WHERE created = 2"
    ),
    "the method's declaration, of all that share it": (
        "UPDATE commons SET content = replace(content, '\"folds\":', '\"folds\": ')"
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_run_that_something_else_changed_is_left_out_and_named(
    store: Store, edit: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = read(store)
    assert store._connection.execute(edit).rowcount > 0
    after = read(store)
    assert len(after) < len(before)
    assert all(one in before for one in after)
    gone = {one.run_id for one in before} - {one.run_id for one in after}
    assert set(store.left_out) == gone
    assert f"{len(gone)} run" in caplog.text
    assert all(run_id in caplog.text for run_id in gone)


@pytest.mark.parametrize("edit", list(EDITS.values())[:2], ids=list(EDITS)[:2])
def test_whoever_reads_whole_records_gets_none_that_something_else_changed(
    store: Store, edit: str
) -> None:
    whole = store.records()
    store._connection.execute(edit)
    kept = store.records()
    assert len(kept) == len(whole) - 1
    assert set(store.left_out) == {one.run_id for one in whole} - {one.run_id for one in kept}
