"""A leaderboard with the scores one wants, and a store with the queries' scores behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.record import Record
from harness.results import Board, build_board
from harness.store import Store
from harness.testing import make_record

Replicates = Mapping[int, list[float]]  # by seed, the score of each fold


def a_run(
    method: str, seed: int, fold: int, values: Mapping[str, float], folds: int, **varied: Any
) -> Record:
    extra = {name: value for name, value in values.items() if name.startswith("plugin")}
    named = ("unlocked", "hyperparameters")
    return make_record(
        method,
        seed,
        fold,
        {name: value for name, value in values.items() if name not in extra},
        identity={name: varied[name] for name in named if name in varied},
        declared={"members": varied.get("members", 1)},
        scores={"extra": extra},
        folds=folds,
        replicates=10,
        audit=None,
    )


def make_records(scores: Mapping[str, Replicates], metric: str, **varied: Any) -> list[Record]:
    return [
        a_run(method, seed, fold, {metric: score}, len(folds), **varied)
        for method, replicates in scores.items()
        for seed, folds in replicates.items()
        for fold, score in enumerate(folds)
    ]


@pytest.fixture
def board() -> Callable[..., Board]:
    """A board of the given scores: by method, seed and fold."""

    def make(scores: Mapping[str, Replicates], metric: str = "map_at_r", **varied: Any) -> Board:
        return build_board(make_records(scores, metric, **varied))

    return make


@pytest.fixture
def record() -> Callable[..., Record]:
    """One finished run."""
    return a_run


@pytest.fixture
def filled_store(tmp_path: Path) -> Callable[..., Store]:
    """A store of methods a and b, three seeds of two folds, five classes of four queries each."""

    def make(classes: int = 5, *, arrays: bool = True) -> Store:
        draw = np.random.default_rng(0)
        labels = np.repeat(np.arange(10, 10 + classes), 4)
        store = Store.open(tmp_path / "store", create=True)
        for method, higher in (("a", 0.1), ("b", 0.0)):
            for seed in range(3):
                for fold in range(2):
                    queries = higher + draw.uniform(0.2, 0.6, len(labels))
                    values = {"map_at_r": float(queries.mean())}
                    store.put(
                        a_run(method, seed, fold, values, 2),
                        {
                            "test_labels": labels,
                            "queries": np.arange(len(labels)),
                            "per_query.map_at_r": queries,
                        }
                        if arrays
                        else None,
                    )
        return store

    return make
