"""Ranks of all rows: letters, rank intervals, bootstrap, and how they are shown."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.metrics import metric_facts
from harness.record import Record
from harness.results import Board, load_board
from harness.results.ranking import _resampled, load_ranking, ranking_table
from harness.statistics.bootstrap import Bootstrap
from harness.store import Store
from harness.table import render

MakeStore = Callable[..., Store]
MakeBoard = Callable[..., Board]


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "empty", create=True)


def spread(mean: float, count: int) -> dict[int, list[float]]:
    return {seed: [mean + 0.001 * ((seed * 7) % 5)] for seed in range(count)}


def test_rows_told_apart_have_one_rank_each(board: MakeBoard, empty: Store) -> None:
    scores = {"b": spread(0.3, 6), "a": spread(0.5, 6), "c": {s: [0.1 + s / 999] for s in range(6)}}
    found = load_ranking(empty, board(scores), metric="map_at_r")
    assert [(row.label, row.standing.ties, row.standing.ranks) for row in found.rows] == [
        ("a", "a", (1, 1)),
        ("b", "b", (2, 2)),
        ("c", "c", (3, 3)),
    ]


def test_lower_can_be_better(board: MakeBoard, empty: Store) -> None:
    scores = {"b": {s: [0.3 + s / 999] for s in range(6)}, "a": spread(0.5, 6)}
    shown = board(scores, "plugin-loss")
    found = load_ranking(empty, shown, metric="plugin-loss", higher_is_better=False)
    assert [(row.label, row.standing.ranks) for row in found.rows] == [("b", (1, 1)), ("a", (2, 2))]


def test_the_letters_are_those_of_the_board(board: MakeBoard, empty: Store) -> None:
    draw = np.random.default_rng(0)
    scores = {
        f"m{i}": {s: [0.3 + i / 100 + draw.normal(0, 0.01)] for s in range(5)} for i in range(6)
    }
    shown = board(scores)
    found = load_ranking(empty, shown, metric="map_at_r")
    assert [(row.label, row.standing.ties) for row in found.rows] == [
        (row.label, row.ties) for row in shown.rows
    ]


def test_a_row_of_one_replicate_has_no_rank_and_stands_last(board: MakeBoard, empty: Store) -> None:
    shown = board({"a": spread(0.5, 6), "b": spread(0.3, 6), "lonely": {0: [0.9]}})
    lonely = load_ranking(empty, shown, metric="map_at_r").rows[-1]
    assert (lonely.label, lonely.standing.ties, lonely.standing.ranks, lonely.resampled) == (
        "lonely",
        None,
        None,
        None,
    )


def test_the_bootstrap_is_of_the_stored_scores_by_query(filled_store: MakeStore) -> None:
    with filled_store() as store:
        found = load_ranking(store, load_board(store), metric="map_at_r")
    assert (found.levels, found.seeds) == (("seeds", "folds", "classes"), 3)
    for row in found.rows:
        assert row.resampled is not None
        assert row.standing.interval.mean == pytest.approx(sum(row.resampled) / 2)
    assert sum(row.first or 0 for row in found.rows) == pytest.approx(1.0)


def test_without_scores_by_query_there_is_no_bootstrap(filled_store: MakeStore) -> None:
    with filled_store(arrays=False) as store:
        found = load_ranking(store, load_board(store), metric="map_at_r")
    assert (found.levels, found.rows[0].resampled) == ((), None)


def test_an_unknown_metric_is_refused(board: MakeBoard, empty: Store) -> None:
    with pytest.raises(UserError, match="unknown metric"):
        load_ranking(empty, board({"a": spread(0.5, 3)}), metric="map")


def test_a_board_without_scores_is_a_table_of_names(record: Callable[..., Record]) -> None:
    from harness.results import build_board

    shown = build_board([record("a", 0, 0, {"map_at_r": 0.5}, 2)])
    table = ranking_table(load_ranking(None, shown, metric="map_at_r"))  # type: ignore[arg-type]
    assert "a" in render(table, "table")


def test_the_table_says_what_its_columns_mean(filled_store: MakeStore) -> None:
    with filled_store() as store:
        text = render(
            ranking_table(load_ranking(store, load_board(store), metric="map_at_r")), "table"
        )
    assert "told apart by MAP@R" in text
    assert "bootstrap: for other seeds, folds, classes; best in: share of its draws" in text


def test_marks_are_shown_where_the_board_shows_them(board: MakeBoard, empty: Store) -> None:
    def columns(**values: list[float]) -> set[str]:
        scores = {name: {seed: [v] for seed, v in enumerate(own)} for name, own in values.items()}
        ranking = load_ranking(empty, board(scores), metric="map_at_r")
        return {column.key for column in ranking_table(ranking).columns}

    assert "best" not in columns(a=[0.5, 0.6], b=[0.52, 0.54])
    told = columns(a=[0.352, 0.5, 0.648], b=[0.3, 0.4, 0.5])
    assert "best" in told
    assert "ties" not in told


def test_no_end_of_the_bootstrap_lies_beyond_a_bound() -> None:
    drawn = Bootstrap(
        estimates=np.array([1.0, 0.2]), draws=np.array([[0.99, 1.0], [1.0, 1.01]]),
        low=np.array([0.98, -0.01]), high=np.array([1.02, 0.5]), levels=("seeds",),
    )  # fmt: skip
    kept = _resampled(drawn, [0, 1], metric_facts("map_at_r", {}), higher_is_better=True)
    assert [ends for ends, _ in kept.values()] == [(0.98, 1.0), (0.0, 0.5)]
