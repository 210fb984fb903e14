"""A small store of blobs: two methods, two replicates, one fold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.record import Parameters, Record, Searched, Selected
from harness.store import Store
from harness.testing import make_record

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
    who = {name: varied.pop(name) for name in ("search", "trial") if name in varied}
    plain: dict[str, Any] = {
        "replicates": 2,
        "selected": Selected(
            metric="map_at_r",
            step=20,
            value=score,
            history=((0, 0.1), (10, score / 2), (20, score)),
            stopped_early=False,
        ),
    }
    return make_record(
        method,
        seed,
        varied.pop("fold", 0),
        values=score,
        identity={
            "protocol": "example",
            "protocol_digest": "e" * 64,
            "dataset": "blobs",
            "dataset_digest": "b" * 64,
            "source": "s",
            "hyperparameters": point or {},
            **who,
        },
        scores=varied.pop("scores", {"queries": 48}),
        audit=varied.pop(
            "audit",
            {
                "steps": 20,
                "images_embedded": 640,
                "backward_passes": 20,
                "training_seconds": 10 * score,
                "seconds": 12.0,
                "parameters": Parameters(trunk=10, head=5, objective=0),
            },
        ),
        **(plain | varied),
    )


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
