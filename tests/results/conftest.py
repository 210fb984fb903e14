"""A Record with the scores one wants: everything else is the same for all."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.record import Concatenation, Reason, Record, Scores
from harness.testing import make_record


def make_scores(map_at_r: float, **varied: Any) -> Scores:
    plain: dict[str, Any] = {
        "semantics": 1,
        "values": {"map_at_r": map_at_r},
        "queries": 6,
        "singletons": 0,
        "collapsed": False,
    }
    return Scores(**(plain | varied))


def make_run(
    method: str = "triplet",
    seed: int = 0,
    fold: int = 0,
    map_at_r: float = 0.25,
    *,
    identity: dict[str, Any] | None = None,
    **varied: Any,
) -> Record:
    plain: dict[str, Any] = {
        "folds": 2,
        "init_digest": f"init-{fold}-{seed}",
        "batches_digest": f"batches-{fold}-{seed}",
    }
    who = {"version": "1.0", "hyperparameters": {"margin": 0.1}, **(identity or {})}
    return make_record(method, seed, fold, map_at_r, identity=who, **(plain | varied))


@pytest.fixture
def run() -> Callable[..., Record]:
    """A finished run of two folds and three replicates, anything of which can be varied."""
    return make_run


@pytest.fixture
def failed_run() -> Callable[..., Record]:
    """A run that ended without scores."""

    def make(method: str = "triplet", seed: int = 0, fold: int = 0, **varied: Any) -> Record:
        reason = Reason(kind="diverged", message="the loss was nan at step 3\nand more")
        plain: dict[str, Any] = {"state": "failed", "reason": reason, "audit": None}
        record = make_run(method, seed, fold, **(plain | varied))
        return record.model_copy(update={"scores": None})

    return make


@pytest.fixture
def replicate() -> Callable[..., list[Record]]:
    """Both folds of one seed, each with the same score."""

    def make(
        method: str = "triplet", seed: int = 0, score: float = 0.25, **varied: Any
    ) -> list[Record]:
        return [make_run(method, seed, fold, score, **varied) for fold in (0, 1)]

    return make


@pytest.fixture
def joined() -> Callable[..., Concatenation]:
    """The scores of the given runs' joined embeddings."""

    def make(runs: list[Record], map_at_r: float, **varied: Any) -> Concatenation:
        scores = make_scores(map_at_r, **varied)
        return Concatenation(run_ids=tuple(run.run_id for run in runs), scores=scores)

    return make
