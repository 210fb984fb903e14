"""Another system's embeddings on a board: marked, one run, in the order of the data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import Method
from harness.data.dataset import Dataset
from harness.errors import NotComparable, UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.reproducing import run_again
from harness.execution.run import execute
from harness.reading import Reading
from harness.record import ELSEWHERE
from harness.registry import Origin, RegisteredMethod
from harness.rescoring.adding import add_embeddings
from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_store
from harness.results import load_board
from harness.results.publishing import build_publication
from harness.store import Store

NAME = "another system"


@pytest.fixture
def store(tmp_path: Path, bench: Bench, tiny_dataset: Dataset) -> Store:
    """One method, untrained, at two seeds and all folds on the tiny dataset."""
    method = Method(
        name="plain", build=lambda *_: None, summary="s", reference="r", trained=False
    )  # fmt: skip
    entrant = Entrant(
        RegisteredMethod(method, Origin("tests", "tests", "0", Path(__file__))), {}, "default"
    )
    bench.registry.methods["plain"] = entrant.registered
    plan = make_plan(bench.protocol, tiny_dataset.digest, [entrant], seeds=2)
    store = Store.open(tmp_path / "store", create=True)
    for run in plan.runs:
        record, arrays = execute(run, bench)
        assert arrays is not None, record.reason
        store.put(record, arrays)
    return store


def embedded(data: Dataset, *, width: int = 3) -> np.ndarray[Any, Any]:
    """Embeddings that find every class."""
    centres = np.random.default_rng(0).normal(size=(len(data.class_names), width))
    return centres[data.labels]


def added(store: Store, path: Path, name: str = NAME, **more: Any) -> Any:
    return add_embeddings(
        name, path, store, store.scopes()[0], RuleBook(), reading=Reading(), **more
    )


def written(path: Path, data: Dataset, **arrays: Any) -> Path:
    np.savez(path, **{"embeddings": embedded(data), "label": data.labels, **arrays})
    return path


def test_the_row_is_marked_below_and_told_apart_from_none(
    store: Store, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    found = added(store, written(tmp_path / "e.npz", tiny_dataset))
    assert found.checked
    board = load_board(store)
    assert [row.label for row in board.rows] == ["plain", NAME]
    row = board.rows[1]
    assert row.metrics["map_at_r"].mean == 1.0
    assert row.concatenated["map_at_r"].mean == 1.0
    assert row.flags == ("not trained here: one run of another system", "unlocked")
    assert (row.best, row.ties, row.ranks, row.cost) == (None, None, None, None)
    assert f"fewer replicates than others, so below them: {NAME} (1 of 2)" in board.notes
    assert not [one for one in verify_store(store, RuleBook()) if one.problems]


def test_the_test_part_alone_in_the_order_of_the_data_gives_the_same(
    store: Store, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    whole = added(store, written(tmp_path / "whole.npz", tiny_dataset))
    arrays = store.arrays(whole.records[0])
    part = np.sort(arrays["test_positions"])
    rows, labels = embedded(tiny_dataset)[part], tiny_dataset.labels[part]
    noise = np.random.default_rng(1).normal(size=rows.shape)
    file = tmp_path / "part.npz"
    np.savez(file, embeddings=rows + noise, label=labels)
    alone = added(store, file, "noisy")
    again = store.arrays(alone.records[0])
    order = np.argsort(arrays["test_positions"])
    assert np.array_equal(again["test_embeddings"][order], (rows + noise).astype(np.float32))


def test_rows_of_other_samples_are_refused(
    store: Store, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    shuffled = np.random.default_rng(0).permutation(tiny_dataset.labels)
    with pytest.raises(NotComparable, match="divide the samples otherwise"):
        added(store, written(tmp_path / "e.npz", tiny_dataset, label=shuffled))
    few = {"embeddings": np.ones((5, 2)), "label": np.arange(5)}
    with pytest.raises(NotComparable, match="has 5 rows; the test part has 36 samples"):
        added(store, written(tmp_path / "e.npz", tiny_dataset, **few))
    np.save(tmp_path / "e.npy", embedded(tiny_dataset))
    with pytest.raises(UserError, match="--in-order takes them as they come"):
        added(store, tmp_path / "e.npy")
    assert not added(store, tmp_path / "e.npy", in_order=True).checked


def test_a_name_that_a_method_has_is_refused(
    store: Store, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    file = written(tmp_path / "e.npz", tiny_dataset)
    with pytest.raises(UserError, match="'plain' is a method of this board"):
        added(store, file, "plain")
    for name in ("", " ", "x" * 61, "a\x1b[31mb"):
        with pytest.raises(UserError, match="cannot be a row's name"):
            added(store, file, name)


def test_the_newest_file_of_a_name_is_the_row(
    store: Store, tiny_dataset: Dataset, tmp_path: Path
) -> None:
    added(store, written(tmp_path / "e.npz", tiny_dataset))
    noise = np.random.default_rng(1).normal(size=(len(tiny_dataset), 3))
    second = added(store, written(tmp_path / "f.npz", tiny_dataset, embeddings=noise)).records[0]
    later = second.model_copy(update={"finished": "2999-01-01T00:00:00+00:00"})
    assert later.identity.source != store.records()[4].identity.source
    assert len([row for row in load_board(store).rows if row.method == NAME]) == 1


def test_it_is_not_trained_again(
    store: Store, tiny_dataset: Dataset, tmp_path: Path, bench: Bench
) -> None:
    record = added(store, written(tmp_path / "e.npz", tiny_dataset)).records[0]
    with pytest.raises(UserError, match=f"{NAME} was not trained here"):
        run_again(record, bench.registry, bench.protocol)


def test_it_is_not_published_and_that_is_said(
    make_store: Callable[..., Path], make_run: Callable[..., Any]
) -> None:
    with Store.open(make_store()) as store:
        for fold in (0, 1):
            store.put(*make_run(NAME, 0, fold, identity={"distribution": ELSEWHERE}))
        published = build_publication(store)
        assert NAME in [row.method for row in load_board(store).rows]
    assert [method.method for method in published.publication.methods] == ["plain"]
    assert f"not published, because not trained here: {NAME}" in published.notes
