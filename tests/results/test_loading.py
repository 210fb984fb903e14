"""From a store: what was run last is shown, and what else there is is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.record import Concatenation, Record
from harness.results import load_board
from harness.store import Store

MakeRun = Callable[..., Record]
MakeRuns = Callable[..., list[Record]]


@pytest.fixture
def store(tmp_path: Path, run: MakeRun) -> Store:
    """Runs of two protocols; the second's on two datasets, glyphs last."""
    store = Store.open(tmp_path, create=True)
    for identity in (
        {"protocol": "smoke", "protocol_digest": "a" * 64},
        {"protocol": "big", "protocol_digest": "b" * 64, "dataset": "digits"},
        {"protocol": "big", "protocol_digest": "b" * 64},
    ):
        store.put(run(identity=identity))
    return store


def test_what_is_no_board_and_what_is_no_choice_is_a_line(store: Store, run: MakeRun) -> None:
    for wrong in (None, 3, ["results"], {}):
        with pytest.raises(UserError, match="read from a store, a published file or its path, not"):
            load_board(wrong)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"unknown aggregate 'joined' .*concatenated, separated"):
        load_board(store, aggregate="joined")  # type: ignore[arg-type]
    store.put(run(folds=1, scores={"values": {"map_at_r": 0.5}}))
    with pytest.raises(UserError, match="unknown metric '3'"):
        load_board(store, ranked_by=3)  # type: ignore[arg-type]
    for count in (0, "3", 1.5, True):
        with pytest.raises(UserError, match=f"replicates={count!r}: must be a whole number from 1"):
            load_board(store, replicates=count)  # type: ignore[arg-type]


def test_an_environment_that_says_no_number_locks_no_board(tmp_path: Path, run: MakeRun) -> None:
    with Store.open(tmp_path / "odd", create=True) as odd:
        odd.put(run(environment={"together": "many"}))
        assert "trained together" not in str(load_board(odd))


def test_what_was_run_last_is_shown(store: Store) -> None:
    board = load_board(store)
    assert (board.protocol, board.dataset) == ("big", "glyphs")


def test_a_protocol_can_be_chosen_by_name(store: Store) -> None:
    assert load_board(store, protocol="smoke").protocol_digest == "a" * 64


def test_a_protocol_can_be_chosen_by_the_beginning_of_its_digest(store: Store) -> None:
    assert load_board(store, protocol="aaaaaa").protocol == "smoke"


def test_a_dataset_can_be_chosen(store: Store) -> None:
    assert load_board(store, dataset="digits").dataset == "digits"


def test_what_else_the_store_holds_is_noted(store: Store) -> None:
    assert "smoke on glyphs (1 run, protocol aaaaaaaa" in load_board(store).notes[-1]


def test_an_unknown_protocol_is_refused_with_the_nearest_name(store: Store) -> None:
    with pytest.raises(UserError, match="unknown protocol 'smok'; did you mean 'smoke'"):
        load_board(store, protocol="smok")


def test_a_dataset_that_the_protocol_was_not_run_on_is_refused(store: Store) -> None:
    with pytest.raises(UserError, match=r"unknown dataset 'digits' \(allowed: glyphs\)"):
        load_board(store, protocol="smoke", dataset="digits")


def test_an_empty_store_is_said_to_be_empty(tmp_path: Path) -> None:
    with (
        Store.open(tmp_path, create=True) as store,
        pytest.raises(UserError, match="holds no records yet"),
    ):
        load_board(store)


def test_runs_of_earlier_training_semantics_are_not_mixed_in(tmp_path: Path, run: MakeRun) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.put(run(identity={"training_semantics": 1}))
        store.put(run(identity={"training_semantics": 2}))
        assert load_board(store).semantics.training == 2


def test_joined_folds_come_from_the_store_too(
    tmp_path: Path, replicate: MakeRuns, joined: Callable[..., Concatenation]
) -> None:
    runs = replicate()
    with Store.open(tmp_path, create=True) as store:
        for one in runs:
            store.put(one)
        store.put_concatenation(joined(runs, 0.75))
        board = load_board(store, aggregate="concatenated")
    assert board.rows[0].concatenated["map_at_r"].mean == 0.75


def test_a_run_that_something_else_changed_is_left_out_of_the_board_and_named(
    tmp_path: Path, run: MakeRun
) -> None:
    store = Store.open(tmp_path, create=True)
    kept, changed = store.put(run(identity={"seed": 0})), store.put(run(identity={"seed": 1}))
    edit = "UPDATE runs SET record = json_set(record, '$.folds', 1, '$.state', 'failed')"
    store._connection.execute(f"{edit} WHERE run_id = ?", (changed.run_id,))
    board = load_board(store)
    assert [one.run_id for one in store.excerpts(store.scopes()[0])] == [kept.run_id]
    (said,) = [note for note in board.notes if "changed" in note]
    assert said == (
        f"1 run was changed after it was stored, and left out ({changed.run_id}); "
        "`bench doctor` says more"
    )
