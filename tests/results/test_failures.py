"""What a board says of runs without scores: each reason once, with all the rows that it befell."""

from collections.abc import Callable

from harness.record import Reason, Record
from harness.results import build_board
from harness.results.board import Failure
from harness.results.notes import failure_notes

MakeRun = Callable[..., Record]


def failure(count: int, message: str = "needs groups", kind: str = "unsupported") -> Failure:
    return Failure(state="skipped", kind=kind, count=count, message=message)


def notes(**rows: Failure) -> tuple[str, ...]:
    return failure_notes((label, [found]) for label, found in rows.items())


def test_rows_skipped_for_one_reason_share_a_note() -> None:
    found = notes(a=failure(4), b=failure(4), c=failure(4, "needs pretrained weights"))
    assert found == (
        "a, b: 4 runs each skipped (unsupported): needs groups",
        "c: 4 runs skipped (unsupported): needs pretrained weights",
    )


def test_rows_of_different_counts_are_counted_one_by_one() -> None:
    (found,) = notes(a=failure(4), b=failure(1))
    assert found == "a (4), b (1): 5 runs skipped (unsupported): needs groups"


def test_one_run_of_one_row_is_a_run() -> None:
    assert notes(a=failure(1)) == ("a: 1 run skipped (unsupported): needs groups",)


def test_another_kind_of_one_message_has_a_note_of_its_own() -> None:
    assert len(notes(a=failure(1), b=failure(1, kind="crashed"))) == 2


def test_only_the_first_line_of_a_message_is_told() -> None:
    assert notes(a=failure(1, "one\ntwo"))[0].endswith(": one")
    assert notes(a=failure(1, " "))[0].endswith(": no message")


def test_a_board_names_all_that_failed_alike(failed_run: MakeRun) -> None:
    reason = Reason(kind="unsupported", message="needs groups")
    runs = [failed_run(name, state="skipped", reason=reason) for name in ("b", "a")]
    assert build_board(runs).notes[0] == ("a, b: 1 run each skipped (unsupported): needs groups")


def test_what_is_unlocked_is_told_before_what_failed(failed_run: MakeRun) -> None:
    board = build_board([failed_run(identity={"unlocked": ("steps",)})])
    assert [note.partition(":")[0] for note in board.notes[:2]] == ["unlocked protocol", "triplet"]
