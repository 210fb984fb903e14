"""The gate from start to finish, and the bootstrap of a large leaderboard."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.statistics import hierarchical_bootstrap, standings

RESULTS = Path(__file__).resolve().parents[2] / "results"


@pytest.mark.benchmark(group="gate")
@pytest.mark.parametrize("board", ["smoke/digits.json", "reality-check-small/glyphs.json"])
def test_the_gate_on_a_published_leaderboard(benchmark, board):
    path = str(RESULTS / board)
    command = ["-m", "harness.cli", "gate", "--baseline", path, "--candidate", path]
    benchmark.pedantic(
        lambda: subprocess.run([sys.executable, *command], check=True, capture_output=True),
        rounds=5,
        warmup_rounds=1,
    )


@pytest.mark.benchmark(group="bootstrap")
def test_ten_thousand_draws_of_sixty_methods_ten_seeds_four_folds(benchmark):
    sums = np.random.default_rng(0).random((60, 10, 4, 257))
    benchmark.pedantic(
        lambda: hierarchical_bootstrap(sums, np.full(257, 16.0), seed=0, draws=10_000), rounds=3
    )


def test_a_hundred_methods_are_told_apart_in_under_a_second():
    values = np.random.default_rng(0).normal(0.5, 0.02, (100, 10, 4))
    standings(values, bounds=(0.0, 1.0))  # scipy is loaded
    started = time.process_time()
    found = standings(values + np.linspace(0, 0.3, 100)[:, None, None], bounds=(0.0, 1.0))
    assert time.process_time() - started < 1.0
    assert found.told > 3000
