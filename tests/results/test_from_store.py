"""A board of a store's Excerpts is the board of its Records, to the last bit."""

import dataclasses
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import pytest

from harness.record import Concatenation, Record
from harness.results import Board, build_board, load_board
from harness.results.display import render_board
from harness.results.publication import load_publication
from harness.store import Store

RESULTS = sorted(
    path
    for path in (Path(__file__).parents[2] / "results").glob("*/*.json")
    if path.parent.name != "user-corrected"  # no board
)
MakeRun = Callable[..., Record]
MakeRuns = Callable[..., list[Record]]


def stored(path: Path, records: list[Record], joined: list[Concatenation]) -> Store:
    store = Store.open(path, create=True)
    store._connection.execute("PRAGMA synchronous = OFF")  # of a test, nothing need be kept
    for record in records:
        store.put(record)
    for concatenation in joined:
        store.put_concatenation(concatenation)
    return store


def everything(board: Board) -> list[str]:
    """What a board shows and holds, by lines."""
    shown = [render_board(board, name) for name in ("table", "csv", "json")]
    rows = [repr(dataclasses.astuple(row)) for row in board.rows]
    return [*"\n".join(shown).splitlines(), *rows]


def unlike(board: Board, other: Board) -> list[tuple[str | None, str | None]]:
    """The lines that differ; pytest would take minutes to align all of them."""
    pairs = zip_longest(everything(board), everything(other))
    return [(mine, theirs) for mine, theirs in pairs if mine != theirs][:3]


def test_the_published_boards_are_there() -> None:
    assert {path.parent.name for path in RESULTS} >= {"guided-hour", "reality-check-small", "smoke"}


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("aggregate", ["separated", "concatenated"])
def test_a_published_board_comes_out_of_a_store_as_it_went_in(
    tmp_path: Path, path: Path, aggregate: str
) -> None:
    published = load_publication(path)
    records, joined = published.records(), published.concatenations()
    board = build_board(records, joined, aggregate=aggregate)  # type: ignore[arg-type]
    with stored(tmp_path, records, joined) as store:
        again = load_board(store, aggregate=aggregate)  # type: ignore[arg-type]
    assert unlike(again, board) == []


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.parent.name)
def test_a_published_board_has_the_means_that_the_publication_states(path: Path) -> None:
    published = load_publication(path)
    board = build_board(published.records())
    rows = {(row.method, repr(dict(row.hyperparameters))): row for row in board.rows}
    for method in published.methods:
        row = rows[method.method, repr(dict(method.hyperparameters))]
        for name, (mean, _, _, n) in method.separated.items():
            found = row.metrics[name]
            assert (found.mean, found.n) == (pytest.approx(mean, abs=1e-6), n)
            if found.low is not None and found.high is not None:  # within folds, and in bounds
                bottom = -1.0 if name in ("ami", "ari") else 0.0
                assert bottom <= found.low <= mean <= found.high <= 1.0


def test_rows_of_every_kind_come_out_of_a_store_as_they_went_in(
    tmp_path: Path, run: MakeRun, failed_run: MakeRun, replicate: MakeRuns
) -> None:
    plugin = {"extra": {"ndcg": 0.1 + 0.2}, "class_means": {"map_at_r": 1 / 3}}
    lacking = {"extra": {"other": None}, "collapsed": True, "singletons": 2}
    records = [
        *replicate("a", 0, 0.1),
        *replicate("a", 1, 0.3, scores=plugin),
        *replicate("b", 0, 0.7, scores=lacking, chosen_by="given"),
        run("c", samples=None, batches_digest=None),
        failed_run("c", fold=1),
        *replicate("d", 0, 0.2, identity={"hyperparameters": {"power": 2, "swap": True}}),
        *replicate("d", 0, 0.2, identity={"hyperparameters": {"power": 2.0, "swap": True}}),
        *replicate(
            "e", 0, 0.9, identity={"version": "2.0"}, declared={"members": 4}, init_digest="4"
        ),
    ]
    with stored(tmp_path, records, []) as store:
        assert unlike(load_board(store), build_board(records)) == []
