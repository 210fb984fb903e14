"""Stores that earlier versions wrote are read for ever: tests/store/assets holds one of each."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.record import Concatenation, Record
from harness.results import load_board
from harness.store import Store

ASSETS = sorted((Path(__file__).parent / "assets").glob("format_*"))


@pytest.fixture(params=ASSETS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the stored example: opening a database may touch its files."""
    return Path(shutil.copytree(request.param, tmp_path / "store"))


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(folder) as store:
        yield store


@pytest.fixture
def expected(folder: Path) -> Any:
    return json.loads((folder / "expected.json").read_text())


def test_there_are_examples() -> None:
    assert [folder.name for folder in ASSETS] == ["format_1"]


def test_records_read_as_they_were_written(store: Store, expected: Any) -> None:
    records = [Record.model_validate_json(json.dumps(one)) for one in expected["records"]]
    assert [repr(one) for one in store.records()] == [repr(one) for one in records]


def test_runs_keep_their_ids(store: Store, expected: Any) -> None:
    assert [one.run_id for one in store.records()] == expected["run_ids"]


def test_runs_are_known_to_be_done(store: Store, expected: Any) -> None:
    assert list(store.run_states()) == expected["run_ids"]


def test_hyperparameters_keep_their_types(store: Store) -> None:
    point = store.records()[0].identity.hyperparameters
    assert {name: type(value) for name, value in point.items()} == {
        "margin": float,
        "power": int,
        "swap": bool,
        "distance": str,
    }


def test_arrays_read_as_they_were_written(store: Store) -> None:
    np.testing.assert_array_equal(
        store.arrays(store.records()[0])["embeddings"], [[0, 1], [2, 3], [4, 5]]
    )


def test_concatenations_are_found_by_their_runs(store: Store, expected: Any) -> None:
    (joined,) = expected["concatenations"]
    found = store.concatenation(expected["run_ids"])
    assert repr(found) == repr(Concatenation.model_validate_json(json.dumps(joined)))


def test_a_leaderboard_can_be_made_of_it(store: Store) -> None:
    assert load_board(store).rows[0].runs.failed == 1
