"""Of each method the version that finished last is shown; the others are said to be hidden."""

from collections.abc import Callable

from harness.record import Record
from harness.results import build_board

MakeRuns = Callable[..., list[Record]]

EARLY, LATE = "2025-01-01T00:00:00+00:00", "2025-06-01T00:00:00+00:00"


def two_versions(replicate: MakeRuns) -> list[Record]:
    late = replicate(identity={"version": "1.0"}, finished=LATE)
    return late + replicate(identity={"version": "2.0"}, finished=EARLY)


def test_the_version_that_finished_last_is_shown(replicate: MakeRuns) -> None:
    assert [row.version for row in build_board(two_versions(replicate)).rows] == ["1.0"]


def test_a_hidden_version_is_said_with_its_runs(replicate: MakeRuns) -> None:
    notes = build_board(two_versions(replicate)).notes
    assert any("triplet: 2 runs of an earlier version are hidden (methods 2.0" in n for n in notes)


def test_all_versions_can_be_shown(replicate: MakeRuns) -> None:
    board = build_board(two_versions(replicate), all_versions=True)
    assert {row.label for row in board.rows} == {
        "triplet (methods 1.0 sssssss)",
        "triplet (methods 2.0 sssssss)",
    }


def test_nothing_is_said_to_be_hidden_where_all_are_shown(replicate: MakeRuns) -> None:
    notes = build_board(two_versions(replicate), all_versions=True).notes
    assert not any("hidden" in note for note in notes)


def test_times_are_compared_as_times_and_not_as_text(replicate: MakeRuns) -> None:
    tokyo = replicate(identity={"version": "1.0"}, finished="2025-01-02T01:00:00+09:00")
    london = replicate(identity={"version": "2.0"}, finished="2025-01-01T23:00:00+00:00")
    assert [row.version for row in build_board(tokyo + london).rows] == ["2.0"]


def test_a_change_of_source_alone_is_another_version(replicate: MakeRuns) -> None:
    before = replicate(identity={"source": "a" * 64}, finished=EARLY)
    after = replicate(identity={"source": "b" * 64}, finished=LATE)
    assert [row.source for row in build_board(before + after).rows] == ["b" * 64]


def test_each_method_has_its_own_newest_version(replicate: MakeRuns) -> None:
    other = replicate("margin", identity={"version": "0.5"}, finished=EARLY)
    board = build_board(two_versions(replicate) + other)
    assert {(row.method, row.version) for row in board.rows} == {
        ("triplet", "1.0"),
        ("margin", "0.5"),
    }
