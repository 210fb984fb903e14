"""A small Record to vary, and a way to be someone who may not write."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.record import Concatenation, Reason, Record, Scores
from harness.testing import make_record

NOBODY = 65534


def a_run(
    *, state: Any = "done", started: str = "2025-01-01T00:00:00+00:00", **varied: Any
) -> Record:
    who = {
        "distribution": "metric-learning-bench-methods",
        "version": "0.1.0",
        "hyperparameters": {"margin": 0.1},
    }
    return make_record(
        "triplet",
        values=0.25 if state == "done" else None,
        identity={**who, **varied},
        folds=4,
        replicates=10,
        state=state,
        reason=None if state == "done" else Reason(kind="diverged", message="the loss was nan"),
        audit=None,
        started=started,
    )


@pytest.fixture
def record() -> Callable[..., Record]:
    """A Record of a tiny run, any part of whose identity can be varied."""
    return a_run


@pytest.fixture
def concatenation() -> Callable[..., Concatenation]:
    """The scores of the given runs joined."""

    def make(*runs: Record, map_at_r: float = 0.5, semantics: int = 1) -> Concatenation:
        scores = Scores(
            semantics=semantics,
            values={"map_at_r": map_at_r},
            queries=6,
            singletons=0,
            collapsed=False,
        )
        return Concatenation(run_ids=tuple(run.run_id for run in runs), scores=scores)

    return make


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own belong to one user alone."""
    folder = Path(tempfile.mkdtemp(prefix="bench-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def read_only() -> Callable[[Path], AbstractContextManager[None]]:
    """Inside, the tree is read-only and this process is a user who must respect that."""

    @contextmanager
    def locked(tree: Path) -> Iterator[None]:
        paths = [tree, *tree.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if root:
                os.seteuid(0)
            for path in paths:
                if path.exists():
                    path.chmod(0o755 if path.is_dir() else 0o644)

    return locked
