"""A small store of blobs: two methods, two replicates, one fold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.record import (
    Audit,
    Declared,
    Identity,
    Parameters,
    Record,
    Scores,
    Searched,
    Selected,
)
from harness.store import Store

CLASSES, EACH = 6, 8


def blobs(spread: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Classes around points of their own, and what a run leaves of them."""
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), EACH)
    centres = draw.normal(size=(CLASSES, 5))
    rows = centres[labels] + spread * draw.normal(size=(len(labels), 5))
    return {
        "test_embeddings": rows.astype(np.float32),
        "test_labels": labels.astype(np.int64),
        "queries": np.arange(len(labels)),
        "per_query.map_at_r": draw.uniform(size=len(labels)),
    }


def a_run(
    method: str, seed: int, score: float, *, point: dict[str, Any] | None = None, **varied: Any
) -> Record:
    plain: dict[str, Any] = {
        "identity": Identity(
            protocol="example",
            protocol_digest="e" * 64,
            unlocked=(),
            dataset="blobs",
            dataset_digest="b" * 64,
            method=method,
            distribution="methods",
            version="1",
            source="s",
            hyperparameters=point or {},
            seed=seed,
            fold=varied.pop("fold", 0),
            training_semantics=1,
            search=varied.pop("search", None),
            trial=varied.pop("trial", None),
        ),
        "declared": Declared(
            composition="balanced", views=1, labels="all", members=1, setting="any"
        ),
        "folds": 1,
        "replicates": 2,
        "chosen_by": "default",
        "state": "done",
        "selected": Selected(
            metric="map_at_r",
            step=20,
            value=score,
            history=((0, 0.1), (10, score / 2), (20, score)),
            stopped_early=False,
        ),
        "scores": Scores(
            semantics=1, values={"map_at_r": score}, queries=48, singletons=0, collapsed=False
        ),
        "audit": Audit(
            steps=20,
            images_embedded=640,
            backward_passes=20,
            zero_gradients=0,
            training_seconds=10 * score,
            seconds=12.0,
            peak_memory_bytes=None,
            parameters=Parameters(trunk=10, head=5, objective=0),
        ),
        "started": "2025-01-01T00:00:00+00:00",
        "finished": "2025-01-01T00:00:01+00:00",
    }
    return Record(**(plain | varied))


def a_trial(method: str, trial: int, value: float | None, **varied: Any) -> Record:
    """A fold of a trial; it failed if there is no value."""
    state = "failed" if value is None else "done"
    plain = {"search": 0, "trial": trial, "state": state, "chosen_by": "trial"} | varied
    plain.setdefault("point", {"margin": float(trial)})
    run = a_run(method, trial, value or 0.0, validation=value, **plain)
    return run.model_copy(update={"scores": None})


def a_search(search: int) -> Searched:
    return Searched(
        search=search,
        trials=3,
        failed=1,
        sampler="tpe",
        metric="map_at_r",
        best_trial=2,
        value=0.4,
        on_bound=(),
        space={"margin": "0 to 9"},
        seconds=60.0,
    )


@pytest.fixture
def trial() -> Callable[..., Record]:
    return a_trial


@pytest.fixture
def searched() -> Callable[[int], Searched]:
    return a_search


@pytest.fixture
def run() -> Callable[..., Record]:
    return a_run


@pytest.fixture
def arrays() -> Callable[..., dict[str, np.ndarray]]:
    return blobs


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store", create=True) as store:
        for method, level, spread in (("near$x^", 0.5, 0.1), ("far", 0.25, 1.0)):
            for seed in range(2):
                store.put(a_run(method, seed, level + seed / 100), blobs(spread, seed))
        for trial, value in enumerate((0.3, None, 0.4)):
            store.put(a_trial("far", trial, value))
    return tmp_path / "store"
