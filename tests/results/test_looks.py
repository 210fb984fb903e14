"""Declared looks: the level is shared by them, and between them nothing is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.record import Record
from harness.results import Board, build_board
from harness.results.comparison import compare
from harness.results.sentences import comparison_text

LOOKS = (2, 3, 5)
Run = Callable[..., Record]


@pytest.fixture
def board(run: Run) -> Callable[..., Board]:
    """A board whose rows have so many seeds of two folds each."""

    def make(looks: tuple[int, ...] = LOOKS, **seeds: int) -> Board:
        noise = np.random.default_rng(0).normal(0, 0.01, (len(seeds), 5, 2))
        means = [0.5 - 0.03 * place for place in range(len(seeds))]
        records = [
            run(
                method,
                seed,
                fold,
                float(means[place] + noise[place, seed, fold]),
                replicates=5,
                looks=looks,
            )
            for place, (method, count) in enumerate(seeds.items())
            for seed in range(count)
            for fold in range(2)
        ]
        return build_board(records)

    return make


def test_the_level_is_shared_by_the_looks(board: Callable[..., Board]) -> None:
    once, thrice = board((), a=5, b=5, c=5), board(a=5, b=5, c=5)
    before, after = (one.telling("map_at_r").pairs for one in (once, thrice))
    assert after.adjusted == pytest.approx(np.minimum(1, 3 * before.adjusted))
    assert after.p_values == pytest.approx(np.minimum(1, 3 * before.p_values))
    narrow, wide = before.of(0, 1).interval, after.of(0, 1).interval
    assert wide.high - wide.low > narrow.high - narrow.low  # type: ignore[operator]


def test_between_two_looks_the_last_one_counts(board: Callable[..., Board]) -> None:
    at_a_look, between = board(a=3, b=3), board(a=4, b=4)
    told = [one.telling("map_at_r").pairs.adjusted[0, 1] for one in (at_a_look, between)]
    assert told[0] == told[1]
    assert [row.looked for row in between.rows] == [3, 3]


def test_before_the_first_look_nothing_is_told(board: Callable[..., Board], run: Run) -> None:
    records = [run(method, 0, fold, looks=LOOKS) for method in "ab" for fold in range(2)]
    found = build_board([*records, *(run("a", 1, 0, looks=LOOKS) for _ in "a")])
    assert [(row.looked, row.best) for row in found.rows] == [(0, None), (0, None)]
    assert any("none has reached the first" in note for note in found.notes)


def test_a_row_that_got_no_more_seeds_lacks_nothing(board: Callable[..., Board]) -> None:
    found = board(a=5, b=5, c=2)
    assert [(row.method, row.runs.done, row.runs.expected) for row in found.rows] == [
        ("a", 10, 10),
        ("b", 10, 10),
        ("c", 4, 4),
    ]
    assert any("(1 of the rows at 2, 2 of the rows at 5)" in note for note in found.notes)
    assert not any("fewer replicates" in note for note in found.notes)


def test_a_row_on_its_way_to_a_look_is_behind(board: Callable[..., Board]) -> None:
    found = board(a=5, b=4)
    assert [row.runs.expected for row in found.rows] == [10, 10]
    assert any("fewer replicates than others, so below them: b (4 of 5)" in n for n in found.notes)


def test_whoever_looked_more_often_pays_for_all(run: Run) -> None:
    records = [run("a", 0, fold, looks=(2, 5)) for fold in range(2)]
    records += [run("a", 1, fold, looks=(3, 5)) for fold in range(2)]
    records += [run("b", 0, fold) for fold in range(2)]
    assert build_board(records).looks == (2, 3, 5)


def test_before_the_first_look_nobody_says_that_there_is_one_replicate(
    board: Callable[..., Board],
) -> None:
    found = compare(board((4, 5), a=3, b=3), "a", "b", metric="map_at_r")
    text = comparison_text(found)
    assert "3 common replicates, and looks were declared at 4, 5, so no interval" in text
    assert "one common replicate" not in text
    alone = compare(board((), a=1, b=1), "a", "b", metric="map_at_r")
    assert "a and b: one common replicate, so no interval" in comparison_text(alone)


def test_a_comparison_names_its_looks(board: Callable[..., Board]) -> None:
    found = compare(board(a=5, b=5, c=5), "a", "c", metric="map_at_r")
    assert "among 3 pairs and 3 looks" in comparison_text(found)
    assert found.adjusted == board(a=5, b=5, c=5).telling("map_at_r").pairs.adjusted[0, 2]


def test_a_published_board_keeps_its_looks(make_store: Callable[..., Path], tmp_path: Path) -> None:
    from harness.results import load_board
    from harness.results.publication import load_publication
    from harness.results.publishing import build_publication, write_publication
    from harness.store import Store

    for looks in ((), (2, 3)):
        path = make_store(f"of {len(looks)}", looks=looks)
        with Store.open(path) as store:
            publication = build_publication(store).publication
            before = load_board(store)
        file = tmp_path / f"{len(looks)}.json"
        write_publication(publication, file)
        assert ('"looks"' in file.read_text()) == bool(looks)
        assert load_publication(file).looks == looks == before.looks
        assert load_board(file).looks == looks
