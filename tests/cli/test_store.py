"""`bench list runs`, `bench forget` and `bench merge`, and run ids by their beginning."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli.main import app
from harness.errors import UserError
from harness.results import load_board
from harness.results.display import board_document
from harness.results.publication import load_publication, publication_text
from harness.store import Store

MakeStore = Callable[..., Path]


def bench(*arguments: object, typed: str | None = None) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def ids(store: Path) -> list[str]:
    with Store.open(store) as opened:
        return [held.run_id for held in opened.held()]


def test_runs_are_listed_with_their_ids(make_store: MakeStore) -> None:
    path = make_store()
    rows = json.loads(bench("list", "runs", "--store", path, "--format", "json").stdout)
    assert [row["run_id"] for row in rows] == ids(path)
    assert rows[0]["method"] == "plain"
    assert (rows[0]["seed"], rows[0]["fold"], rows[0]["state"]) == (0, 0, "done")
    assert {row["unlocked"] for row in rows} == {""}


def test_a_run_that_is_unlocked_is_listed_so(make_store: MakeStore) -> None:
    path = make_store(identity={"unlocked": ("training.steps=3", "training.batch_size=8")})
    said = bench("list", "runs", "--store", path, "--format", "csv").stdout
    assert "training.steps=3, training.batch_size=8" in said
    with pytest.raises(UserError, match="would be forgotten"):
        bench("forget", "plain", "--store", path)


def test_a_run_is_named_by_the_beginning_of_its_id(make_store: MakeStore) -> None:
    path = make_store()
    run_id = ids(path)[2]
    for text in (run_id, run_id[:8]):
        shown = json.loads(bench("show", text, "--store", path, "--json").stdout)
        assert (shown["identity"]["seed"], shown["identity"]["fold"]) == (1, 0)


def test_a_beginning_of_several_ids_is_answered_with_them(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_store(levels={f"m{place}": 0.5 for place in range(4)})  # 24 ids, 16 first digits
    first = [run_id[0] for run_id in ids(path)]
    shared = next(digit for digit in first if first.count(digit) > 1)
    with pytest.raises(UserError, match=f"runs begin with {shared}: {shared}"):
        bench("forget", shared, "--store", path)
    assert len(ids(path)) == 24


def test_a_forgotten_run_is_gone_with_its_arrays(make_store: MakeStore) -> None:
    path = make_store()
    before = ids(path)
    bench("forget", before[0][:10], "--store", path)
    assert ids(path) == before[1:]
    assert len(list((path / "artifacts").iterdir())) == 5
    with Store.open(path) as store:
        assert store.examine(alone=True).sound
    assert load_board(path).rows[0].runs.done == 5


def test_a_method_is_forgotten_when_that_is_said(make_store: MakeStore) -> None:
    path = make_store(levels={"a": 0.5, "b": 0.4})
    with pytest.raises(UserError, match="6 runs would be forgotten; --yes does it"):
        bench("forget", "a", "--store", path)
    bench("forget", "a", "--store", path, "--yes")
    assert [row.method for row in load_board(path).rows] == ["b"]


def test_what_is_neither_a_method_nor_a_run_is_a_line(make_store: MakeStore) -> None:
    with pytest.raises(UserError, match="unknown method or run 'plan'; did you mean 'plain'"):
        bench("forget", "plan", "--store", make_store())


def test_boards_made_in_parts_are_one_board(make_store: MakeStore, tmp_path: Path) -> None:
    whole = make_store("whole", levels={"a": 0.5, "b": 0.4})
    one = make_store("one", levels={"a": 0.5, "b": 0.4}, seeds=range(2))
    two = make_store("two", levels={"a": 0.5, "b": 0.4}, seeds=range(1, 3))
    said = bench("merge", one, two, "--store", tmp_path / "merged").stdout
    assert "8 runs added" in said
    assert "4 runs added, 4 were there" in said
    assert board_document(load_board(tmp_path / "merged")) == board_document(load_board(whole))


def test_published_files_are_merged_and_published_again(
    make_store: MakeStore, publish: Callable[..., Path], tmp_path: Path
) -> None:
    levels = {"a": 0.5, "b": 0.4}
    whole = publish(make_store("whole", levels=levels), "whole-results")
    parts = [
        publish(make_store(name, levels=levels, seeds=seeds), name)
        for name, seeds in (("one", range(1)), ("two", range(1, 3)))
    ]
    bench("merge", *parts, "--store", tmp_path / "merged")
    again = publish(tmp_path / "merged", "merged-results")
    assert publication_text(load_publication(again)) == publication_text(load_publication(whole))
    assert "bootstrap" in bench("compare", "a", "b", "--store", tmp_path / "merged").stdout


def test_a_run_that_failed_elsewhere_gives_way_to_one_that_did_not(
    make_store: MakeStore, failed_fields: dict[str, object]
) -> None:
    broken = make_store("broken", replace={("plain", 0, 0): failed_fields})
    bench("merge", make_store("sound"), "--store", broken)
    assert load_board(broken).rows[0].runs.failed == 0


def test_runs_that_differ_are_said_and_those_that_were_there_stay(make_store: MakeStore) -> None:
    here, there = make_store("here", levels={"a": 0.5}), make_store("there", levels={"a": 0.4})
    before = board_document(load_board(here))
    said = bench("merge", there, "--store", here).stdout
    assert "6 of them with other scores: those that were there stay" in said
    assert board_document(load_board(here)) == before


def test_what_cannot_be_merged_is_a_line(make_store: MakeStore, tmp_path: Path) -> None:
    path = make_store()
    with pytest.raises(UserError, match="there is no such store or file"):
        bench("merge", tmp_path / "nowhere", "--store", path)
    with pytest.raises(UserError, match="cannot be merged into itself"):
        bench("merge", path, "--store", path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="folder: there is no store"):
        bench("merge", path, tmp_path / "folder", "--store", tmp_path / "fresh")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match=r"other\.json"):
        bench("merge", path, tmp_path / "other.json", "--store", tmp_path / "fresh")
    assert not (tmp_path / "fresh").exists()


def test_stores_of_other_data_under_one_name_stay_two_boards_and_that_is_said(
    make_store: MakeStore, tmp_path: Path
) -> None:
    one = make_store("one")
    other = make_store("other", identity={"dataset_digest": "f" * 64})
    told = bench("merge", one, one, "--store", tmp_path / "same").output
    assert "boards" not in told
    told = bench("merge", one, other, "--store", tmp_path / "both").output
    assert "smoke on digits is 2 boards: their runs differ in the rules or the data" in told
    assert {len(load_board(store).rows) for store in (one, other, tmp_path / "both")} == {1}
