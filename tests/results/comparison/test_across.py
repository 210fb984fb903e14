"""Several datasets: average ranks, what they must differ by, and what the leader is to each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import pytest

from harness.errors import UserError
from harness.results import Board
from harness.results.across import across_table, compare_across
from harness.table import render

MakeBoard = Callable[..., Board]
OF_EACH = [{"a": 0.9, "b": 0.5, "c": 0.1}, {"a": 0.8, "b": 0.2, "c": 0.6}, {"a": 0.7, "b": 0.6}]


@pytest.fixture
def boards(board: MakeBoard) -> Callable[..., list[Board]]:
    """A board for each mapping of methods to their scores, each of its own dataset."""

    def make(*means: Mapping[str, float], metric: str = "map_at_r") -> list[Board]:
        return [
            dataclasses.replace(
                board({name: {0: [value], 1: [value]} for name, value in of_one.items()}, metric),
                dataset=f"set-{place}",
            )
            for place, of_one in enumerate(means)
        ]

    return make


def compared(boards: list[Board], **options: object):
    given = {"metric": "map_at_r", "higher_is_better": True, "rope": 0.01} | options
    return compare_across(boards, **given)


def test_ranks_are_averaged_over_the_datasets(boards: Callable[..., list[Board]]) -> None:
    found = compared(boards(*OF_EACH[:2]))
    assert {row.method: row.rank for row in found.rows} == {"a": 1.0, "b": 2.5, "c": 2.5}
    assert found.rows[0].means == (0.9, 0.8)


def test_where_lower_is_better_ranks_turn_round(boards: Callable[..., list[Board]]) -> None:
    found = compared(boards(*OF_EACH[:2], metric="eer"), metric="eer", higher_is_better=False)
    assert found.rows[-1].method == "a"
    assert found.rows[-1].means == (0.9, 0.8)


def test_only_methods_of_every_board_are_ranked(boards: Callable[..., list[Board]]) -> None:
    found = compared(boards(*OF_EACH))
    assert [row.method for row in found.rows] == ["a", "b"]
    assert found.left_out == ("c",)


def test_the_critical_difference_is_nemenyis(boards: Callable[..., list[Board]]) -> None:
    # Demsar 2006, table 5: q at 5 % for three methods is 2.343.
    found = compared(boards(*OF_EACH[:2]))
    assert found.difference == pytest.approx(2.343 * (3 * 4 / (6 * 2)) ** 0.5, abs=2e-3)


def test_the_leader_is_compared_with_every_other(boards: Callable[..., list[Board]]) -> None:
    found = compared(boards(*[{"a": 0.9, "b": 0.5}] * 8))
    first, second = found.rows
    assert first.leader is None
    assert second.leader is not None
    assert second.leader.first > 0.99
    assert compared(boards(*[{"a": 0.9, "b": 0.5}] * 8), rope=0.5).rows[1].leader.equal > 0.99


def test_what_each_dataset_tells_of_the_leader_shares_the_level(board: MakeBoard) -> None:
    def of(*levels: float, noise: float = 0.001) -> Board:
        return board(
            {
                method: {seed: [level + noise * ((7 * seed + place) % 5)] for seed in range(4)}
                for place, (method, level) in enumerate(zip("abc", levels, strict=True))
            }
        )

    clear, turned, loud = of(0.9, 0.5, 0.3), of(0.9, 0.5, 0.7), of(0.9, 0.8, 0.7, noise=0.2)
    boards = [
        dataclasses.replace(one, dataset=name)
        for one, name in ((clear, "x"), (turned, "y"), (loud, "z"))
    ]
    found = compared(boards)
    assert {row.method: row.told for row in found.rows} == {"a": (0, 0), "b": (2, 0), "c": (2, 0)}
    assert "2 better" in render(across_table(found), "table")
    (pair,) = [boards[0].telling("map_at_r").pair((0, 1))]
    assert pair is not None
    assert pair.adjusted * 3 <= 0.05
    # A p-value that one board believes, and a third of the level does not.
    close = of(0.9, 0.9 - 0.0023, 0.3, noise=0.001)
    both = [dataclasses.replace(close, dataset=name) for name in "xyz"]
    alone = close.telling("map_at_r").pair((0, 1))
    assert alone is not None
    assert (compared(both).rows[1].told == (3, 0)) == (3 * alone.adjusted <= 0.05)


@pytest.mark.parametrize(
    ("means", "said", "code"),
    [
        ([{"a": 0.5, "b": 0.1}], "needs two published leaderboards", 2),
        ([{"a": 0.5, "b": 0.1}, {"a": 0.5, "c": 0.1}], "share 1 method ", 3),
    ],
)
def test_what_cannot_be_compared_is_refused(
    boards: Callable[..., list[Board]], means: list[Mapping[str, float]], said: str, code: int
) -> None:
    with pytest.raises(UserError, match=said) as raised:
        compared(boards(*means))
    assert raised.value.exit_code == code


def test_a_dataset_counts_once(boards: Callable[..., list[Board]]) -> None:
    (one,) = boards(OF_EACH[0])
    with pytest.raises(UserError, match="given twice"):
        compared([one, one])


def test_the_table_says_what_decides(boards: Callable[..., list[Board]]) -> None:
    text = render(across_table(compared(boards(*OF_EACH))), "table")
    assert "no average ranks can differ at 5 % on so few datasets (Nemenyi, 2 methods" in text
    assert "of fewer than 5 datasets its prior decides" in text
    assert "equal" not in text
    enough = compared(boards(*[{"a": 0.9, "b": 0.5}] * 5))
    assert {"better", "equal", "worse"} <= {column.key for column in across_table(enough).columns}
    assert "not on every leaderboard: c" in text


def test_on_enough_datasets_it_says_from_where_on_ranks_differ(
    boards: Callable[..., list[Board]],
) -> None:
    text = render(across_table(compared(boards(*[{"a": 0.5, "b": 0.1}] * 8))), "table")
    assert "average ranks differ at 5 % from 0.69 on (Nemenyi, 2 methods, 8 datasets)" in text
    assert "the prior" not in text


def test_a_row_of_fewer_replicates_ranks_below_complete_ones(board: MakeBoard) -> None:
    lucky = {"lucky": {0: [0.99]}, "fair": {0: [0.5], 1: [0.6]}, "poor": {0: [0.1], 1: [0.2]}}
    whole = {"lucky": {0: [0.5], 1: [0.5]}, "fair": {0: [0.4], 1: [0.4]}, "poor": {0: [0], 1: [0]}}
    found = compared([board(lucky), dataclasses.replace(board(whole), dataset="other")])
    assert {row.method: row.rank for row in found.rows} == {"fair": 1.5, "lucky": 2, "poor": 2.5}
    assert found.rows[1].means == (0.99, 0.5)
    (short,) = found.short.items()
    assert short[1] == ("lucky",)
    said = f"fewer replicates than others on {short[0]}, ranked below them there: lucky"
    assert said in across_table(found).notes


def test_what_makes_a_board_worthless_is_said(boards: Callable[..., list[Board]]) -> None:
    first, second = boards(*OF_EACH[:2])
    first = dataclasses.replace(first, unlocked=("training.steps=7",), protocol="smoke")
    second = dataclasses.replace(second, protocol="earnest")
    notes = across_table(compared([first, second])).notes
    assert any(
        note.startswith("smoke/set-0: unlocked protocol: training.steps=7") for note in notes
    )
    assert "smoke/set-0: protocol 'smoke' is for tests: its scores mean nothing" in notes
    assert not any(note.startswith("earnest/") for note in notes)
