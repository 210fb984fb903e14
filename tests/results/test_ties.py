"""The column of tie letters: when it is there, and what it holds."""

import csv
import io
import json
from collections.abc import Callable

import numpy as np
import pytest

from harness.record import Concatenation, Record, Searched
from harness.results import Board, build_board
from harness.results.display import render_board
from harness.statistics.intervals import fold_intervals
from harness.statistics.standings import standings
from harness.table import Format

MakeRuns = Callable[..., list[Record]]


def scored(replicate: MakeRuns, **methods: list[float]) -> list[Record]:
    return [
        record
        for method, scores in methods.items()
        for seed, score in enumerate(scores)
        for record in replicate(method, seed, score)
    ]


def letters(board: Board) -> dict[str, str | None]:
    return {row.label: row.ties for row in board.rows}


CLEAR = {
    "good": [0.50, 0.51, 0.52, 0.51],
    "same": [0.51, 0.50, 0.51, 0.52],
    "poor": [0.10, 0.11, 0.11, 0.10],
}


def test_rows_that_cannot_be_told_apart_share_a_letter(replicate: MakeRuns) -> None:
    board = build_board(scored(replicate, **CLEAR))
    assert letters(board) == {"good": "a", "same": "a", "poor": "b"}


def test_the_letters_are_those_of_the_tests_within_folds(
    run: Callable[..., Record],
) -> None:
    draw = np.random.default_rng(0)
    values = draw.normal(0.3, 0.005, (5, 3, 2)) + np.arange(5)[:, None, None] / 100
    records = [
        run(f"m{method}", seed, fold, float(values[method, seed, fold]))
        for method, seed, fold in np.ndindex(*values.shape)
    ]
    found, expected = build_board(records), standings(values, bounds=(0.0, 1.0))
    assert expected.shown == "letters"
    for row in found.rows:
        one = expected.rows[int(row.method[1:])]
        assert (row.ties, row.ranks, row.best) == (one.ties, one.ranks, one.best)
        interval = row.metrics["map_at_r"]
        assert (interval.low, interval.high) == (one.interval.low, one.interval.high)


def test_three_replicates_tell_a_large_difference_apart_and_a_small_one_not(
    replicate: MakeRuns,
) -> None:
    records = scored(replicate, a=[0.5, 0.501, 0.502], b=[0.1, 0.102, 0.101], c=[0.1, 0.105, 0.11])
    found = letters(build_board(records))
    assert found["a"] == "a"
    assert set(found["b"] or "") & set(found["c"] or "")


def test_equal_scores_of_two_replicates_are_no_proof(replicate: MakeRuns) -> None:
    found = letters(build_board(scored(replicate, a=[0.5, 0.5], b=[0.1, 0.1])))
    assert found == {"a": "a", "b": "a"}


def test_one_replicate_has_no_letters(replicate: MakeRuns) -> None:
    board = build_board(scored(replicate, a=[0.5], b=[0.1]))
    assert letters(board) == {"a": None, "b": None}
    assert "ties" not in render_board(board, "table")


def test_a_row_of_one_replicate_has_no_letter_among_others(replicate: MakeRuns) -> None:
    board = build_board(scored(replicate, lonely=[0.9], **CLEAR))
    assert letters(board) == {"lonely": None, "good": "a", "same": "a", "poor": "b"}


def test_a_board_of_one_row_has_no_letters(replicate: MakeRuns) -> None:
    assert letters(build_board(scored(replicate, a=[0.5, 0.6]))) == {"a": None}


def test_rows_are_compared_on_the_seeds_that_both_have(replicate: MakeRuns) -> None:
    # Seeds differ much and methods little: unpaired, nothing could be told apart.
    a, b = [0.1, 0.5, 0.9, 0.3, 0.7], [0.11, 0.512, 0.91, 0.311, 0.711]
    found = letters(build_board(scored(replicate, a=a, b=b) + replicate("b", 9, 0.2)))
    assert sorted(found.values(), key=str) == ["a", "b"]


def test_joined_folds_have_letters_of_their_own(
    replicate: MakeRuns, joined: Callable[..., Concatenation]
) -> None:
    records, joins = [], []
    for method, scores in CLEAR.items():
        for seed, score in enumerate(scores):
            runs = replicate(method, seed, 0.3 + seed / 100)
            records += runs
            joins.append(joined(runs, score))
    assert set(letters(build_board(records, joins)).values()) == {"a"}
    board = build_board(records, joins, aggregate="concatenated")
    assert letters(board) == {"good": "a", "same": "a", "poor": "b"}


@pytest.mark.parametrize("form", ["table", "md", "latex"])
def test_the_column_stands_in_every_format_for_people(replicate: MakeRuns, form: Format) -> None:
    board = build_board(scored(replicate, **CLEAR))
    text = render_board(board, form)
    assert "ties" in next(line for line in text.splitlines() if "method" in line)
    assert any("poor" in line and " b " in line for line in text.splitlines())


def test_the_column_stands_in_the_csv(replicate: MakeRuns) -> None:
    text = render_board(build_board(scored(replicate, **CLEAR)), "csv")
    assert [row["ties"] for row in csv.DictReader(io.StringIO(text))] == ["a", "a", "b"]


def test_without_letters_the_csv_has_no_such_column(replicate: MakeRuns) -> None:
    text = render_board(build_board(scored(replicate, a=[0.5])), "csv")
    assert "ties" not in text.splitlines()[0].split(",")


def test_the_letters_stand_in_the_json(replicate: MakeRuns) -> None:
    text = render_board(build_board(scored(replicate, **CLEAR)), "json")
    assert [row["ties"] for row in json.loads(text)["rows"]] == ["a", "a", "b"]


def test_the_notes_say_what_the_marks_mean(replicate: MakeRuns) -> None:
    notes = build_board(scored(replicate, **CLEAR)).notes
    assert (
        "ties: rows that share a letter are not told apart by MAP@R (5 %, all 3 pairs together), "
        "which shows none of them to be equal" in notes
    )
    assert any(note.startswith("*: may be the best by MAP@R, 2 of 3 rows") for note in notes)


def test_one_sentence_takes_the_place_of_a_wall_where_nothing_is_told_apart(
    replicate: MakeRuns,
) -> None:
    text = render_board(build_board(scored(replicate, a=[0.5, 0.6], b=[0.52, 0.54])), "table")
    assert "no two rows can be told apart by MAP@R (5 %, the one pair)" in text
    assert "ties" not in text
    assert "*" not in text


def test_who_may_not_be_the_best_is_marked_where_letters_tell_nothing(
    replicate: MakeRuns,
) -> None:
    # Differences .1 +- .048: two-sided p = .07, one-sided .035.
    text = render_board(
        build_board(scored(replicate, a=[0.352, 0.5, 0.648], b=[0.3, 0.4, 0.5])), "table"
    )
    assert "no two rows can be told apart by MAP@R (5 %, the one pair)" in text
    assert "*: may be the best by MAP@R, 1 of 2 rows" in text
    assert "ties:" not in text


def test_pairs_with_too_few_seeds_in_common_are_counted(replicate: MakeRuns) -> None:
    a, b, c = (
        [one for seed in seeds for one in replicate(name, seed, 0.3 + 0.01 * seed)]
        for name, seeds in (("a", (0, 1, 2)), ("b", (0, 1)), ("c", (2, 3)))
    )
    notes = build_board([*a, *b, *c]).notes
    assert "2 pairs have fewer than two seeds in common: not tested, so not told apart" in notes
    assert not any("in common" in note for note in build_board([*a, *b]).notes)


def test_many_rows_show_ranks_in_place_of_letters(run: Callable[..., Record]) -> None:
    draw = np.random.default_rng(1)
    records = [
        run(f"m{method}", seed, fold, 0.2 + method / 100 + draw.normal(0, 0.02))
        for method, seed, fold in np.ndindex(30, 2, 2)
    ]
    text = render_board(build_board(records), "table")
    head = next(line for line in text.splitlines() if "method" in line)
    assert "rank" in head
    assert "ties" not in head
    assert "all hold together with 95 %" in text


def test_the_matrix_holds_each_seed_and_fold_and_marks_what_is_missing(
    replicate: MakeRuns, run: Callable[..., Record]
) -> None:
    runs = [run("a", 0, fold, score) for fold, score in enumerate((0.1, 0.3))]
    board = build_board([*runs, *replicate("b", 2, 0.05)])
    seeds, values = board.values("map_at_r")
    assert seeds == (0, 2)
    np.testing.assert_array_equal(values[0], [[0.1, 0.3], [np.nan, np.nan]])
    np.testing.assert_allclose(values.mean(axis=2), [[0.2, np.nan], [np.nan, 0.05]])


def test_class_means_have_the_intervals_of_noise_within_folds(run: Callable[..., Record]) -> None:
    # Folds a tenth apart, seeds a thousandth: what folds differ by is no noise of a mean over them.
    draw = np.random.default_rng(1)
    values = 0.4 + 0.1 * np.arange(2) + draw.normal(0, 0.001, (3, 3, 2))
    records = [
        run(f"m{method}", seed, fold, scores=scores_of(float(values[method, seed, fold])))
        for method, seed, fold in np.ndindex(*values.shape)
    ]
    intervals = fold_intervals(values, bounds=(0.0, 1.0))
    for row in build_board(records).rows:
        found, one = row.class_means["map_at_r"], intervals[int(row.method[1:])]
        assert (found.low, found.high, found.n) == (one.low, one.high, 3)


def scores_of(level: float) -> dict[str, object]:
    return {"values": {"map_at_r": 0.5}, "class_means": {"map_at_r": level}}


def test_a_row_of_several_searches_has_seeds_for_units_and_leaves_the_others_runs(
    run: Callable[..., Record],
) -> None:
    def searched(number: int) -> Searched:
        return Searched(
            search=number,
            trials=5,
            failed=0,
            sampler="tpe",
            metric="map_at_r",
            best_trial=1,
            value=0.5,
            on_bound=(),
            space={"margin": "[0, 1]"},
            seconds=1.0,
        )

    draw = np.random.default_rng(0)
    values = draw.normal(0.3, 0.02, (5, 4, 2))
    records = [
        run(f"m{method}", seed, fold, float(values[method, seed, fold]))
        for method, seed, fold in np.ndindex(*values.shape)
    ]
    tuned = [
        one.model_copy(update={"chosen_by": "search", "searched": searched(one.identity.seed // 2)})
        if one.identity.method == "m0"
        else one
        for one in records
    ]
    plain, found = build_board(records), build_board(tuned)
    expected = fold_intervals(values, by_seeds=np.arange(5) == 0, bounds=(0.0, 1.0))
    for row in found.rows:
        place = int(row.method[1:])
        interval = row.metrics["map_at_r"]
        assert (interval.low, interval.high) == (expected[place].low, expected[place].high)
        assert row.by_seeds is (place == 0)
    telling = found.telling("map_at_r")
    alone = [telling.pair((found.row("m1"), found.row(name))) for name in ("m2", "m0")]
    before = plain.telling("map_at_r").pair((plain.row("m1"), plain.row("m2")))
    assert [one.noise.folds for one in (*alone, before)] == [2, 1, 2]
    spread = (values[1] - values[0]).mean(axis=1).std(ddof=1)
    assert alone[1].noise.noise == pytest.approx(spread)
    assert alone[1].noise.degrees == 3
    assert any("2 searches: seeds and not runs are its units: m0" in one for one in found.notes)
