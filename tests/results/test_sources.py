"""A store and a published file are one: every command takes either and says the same."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from harness.cli import compare, leaderboard
from harness.errors import UserError
from harness.results import Selector, build_board, load_board
from harness.results.ranking import load_ranking
from harness.results.source import RecordsSource
from harness.store import Store

APP = typer.Typer()
APP.command()(leaderboard.leaderboard)
APP.command()(compare.compare)
APP.command()(compare.power)
APP.command()(compare.ranks)
APP.command()(compare.across)
LEVELS = {"a": 0.5, "b": 0.42}


def out(*arguments: object) -> str:
    result = CliRunner().invoke(APP, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


@pytest.fixture
def store(make_store: Callable[..., Path]) -> Path:
    return make_store(levels=LEVELS, noise=0.01)


@pytest.mark.parametrize(
    "command",
    [
        ["leaderboard"],
        ["leaderboard", "--concatenated"],
        ["leaderboard", "--format", "json"],
        ["compare", "a", "b"],
        ["power", "a", "b"],
        ["ranks"],
        ["ranks", "--metric", "P@1"],
    ],
)
def test_a_published_file_says_what_its_store_says(
    store: Path, publish: Callable[..., Path], command: list[str]
) -> None:
    of_store, of_file = out(*command, store), out(*command, publish(store))
    # Sums by class are rounded in a file, so that ends of the bootstrap move in the last digit.
    assert [line for line in of_file.splitlines() if "bootstrap" not in line] == [
        line for line in of_store.splitlines() if "bootstrap" not in line
    ]
    assert ("bootstrap" in of_file) == ("bootstrap" in of_store)


def test_across_takes_stores_too(
    store: Path, make_store: Callable[..., Path], publish: Callable[..., Path]
) -> None:
    other = make_store("other", levels=LEVELS, identity={"dataset": "letters"})
    assert "over 2 datasets" in out("across", publish(store), other)


def test_what_is_neither_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(UserError, match="is no published leaderboard"):
        load_board(tmp_path / "notes.json")
    with pytest.raises(UserError, match="there is no store"):
        load_board(tmp_path)


def test_a_dataset_is_chosen_by_its_digest(make_store: Callable[..., Path]) -> None:
    path = make_store()
    make_store(identity={"dataset_digest": "e" * 64})
    assert load_board(path).dataset_digest == "e" * 64
    assert load_board(path, dataset="d" * 8).dataset_digest == "d" * 64
    assert any(f"dataset {'d' * 8}" in note for note in load_board(path).notes)


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("trunk", "acme 2.0 abcdef"),
        ("unlocked", "a=1"),
        ("training_semantics", "2"),
        ("dataset_digest", "e" * 64),
        ("scoring", "2"),
        ("folds", "3"),
    ],
)
def test_every_board_of_a_store_can_be_reached(
    tmp_path: Path, make_run: Callable[..., object], fact: str, value: str
) -> None:
    odd: dict[str, object] = {"identity": {fact: value}}
    if fact == "unlocked":
        odd = {"identity": {"unlocked": (value,)}}
    if fact == "training_semantics":
        odd = {"identity": {fact: int(value)}}
    if fact == "folds":
        odd = {"folds": 3}
    if fact == "scoring":
        scores = make_run()[0].scores.model_copy(update={"semantics": 2})
        odd = {"scores": scores}
    with Store.open(tmp_path / "s", create=True) as store:
        for seed in range(3):
            store.put(make_run("a", seed)[0])
        store.put(make_run("odd", **odd)[0])
        board = load_board(store, select=Selector({fact: value}))
        assert [row.label for row in board.rows] == ["odd"]


@pytest.mark.parametrize("fact", ["distribution", "version", "source", "method"])
def test_rows_can_be_chosen_by_what_splits_them(make_store: Callable[..., Path], fact: str) -> None:
    path = make_store()
    make_store(identity={fact: "othername"}, draw=1)
    board = load_board(path, select=Selector.parse(only=[f"{fact}=othername"]))
    assert len(board.rows) == 1
    assert getattr(board.rows[0], fact) == "othername"


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("trunk", "must be FACT=VALUE"),
        ("trunc=x", "unknown fact 'trunc'; did you mean 'trunk'"),
        ("trunk=acme", "unknown trunk 'acme'; did you mean 'core'"),
        ("version=9", r"unknown version '9' \(allowed: 1\)"),
        ("training_semantics=9", r"unknown training semantics '9' \(allowed: 1\)"),
    ],
)
def test_slips_are_a_line(make_store: Callable[..., Path], only: str, said: str) -> None:
    path = make_store()
    with pytest.raises(UserError, match=said):
        load_board(path, select=Selector.parse(only=[only]))


def test_the_board_of_a_run_is_the_one_it_stands_on(make_store: Callable[..., Path]) -> None:
    path = make_store()
    make_store(identity={"dataset_digest": "e" * 64})
    with Store.open(path) as store:
        first, last = store.records()[0], store.records()[-1]
        for record in (first, last):
            board = load_board(store, select=Selector.of(record.identity))
            assert board.dataset_digest == record.identity.dataset_digest


def test_rows_that_tie_for_the_best_share_the_draws(make_run: Callable[..., object]) -> None:
    runs = [make_run(name, seed, fold) for name in "ab" for seed in range(3) for fold in (0, 1)]
    arrays = {record.run_id: found for record, found in runs}
    records = [record for record, _ in runs]
    from harness.results.class_sums import sums_of_arrays

    source = RecordsSource(
        "records", records, sums=lambda run_id, metric: sums_of_arrays(arrays[run_id], metric)
    )
    ranking = load_ranking(source, build_board(records), metric="map_at_r")
    np.testing.assert_allclose([row.first for row in ranking.rows], [0.5, 0.5])
