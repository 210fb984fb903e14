"""The gate from start to finish, a large leaderboard with all its statistics, its bootstrap."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.metrics import METRICS as KNOWN
from harness.record import Record
from harness.results.building import build_board
from harness.statistics.bootstrap import hierarchical_bootstrap
from harness.statistics.standings import standings
from harness.store.excerpts import excerpts_of
from harness.testing import make_record

METRICS = [name for name, facts in KNOWN.items() if facts.kind == "score"][:12]
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


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A hundred methods, ten seeds, four folds, twelve metrics; .003 from method to method."""
    draw = np.random.default_rng(0)
    return [
        make_record(
            f"m{method:03d}",
            seed,
            fold,
            dict(zip(METRICS, (0.3 + 0.003 * method + noise).tolist(), strict=True)),
            folds=4,
            replicates=10,
        )
        for method in range(100)
        for seed in range(10)
        for fold, noise in enumerate(draw.normal(0, 0.02, (4, len(METRICS))))
    ]


@pytest.mark.benchmark(group="board")
def test_a_board_of_a_hundred_methods_with_all_its_statistics(benchmark, records):
    runs = excerpts_of(records)
    board = benchmark.pedantic(lambda: build_board(runs), rounds=5, warmup_rounds=1)
    assert board.telling("map_at_r").found.told > 3000


def test_the_statistics_of_a_board_take_less_than_reading_its_records(records):
    texts = [record.model_dump_json() for record in records]
    values = np.random.default_rng(0).normal(0.5, 0.02, (100, 10, 4))
    standings(values, bounds=(0.0, 1.0))  # scipy is loaded
    reading = seconds(lambda: excerpts_of(map(Record.model_validate_json, texts)))
    runs = excerpts_of(records)
    board = seconds(lambda: build_board(runs))
    telling = seconds(lambda: standings(values, bounds=(0.0, 1.0)))
    assert board < 2 * reading
    assert telling < reading


def test_four_times_the_seeds_take_no_sixteen_times_as_long(records):
    own = excerpts_of(record for record in records if record.identity.method < "m010")
    few, many = (
        [one._replace(seed=one.seed + 10 * turn, run_id=f"{one.run_id}-{turn}") for turn in range(n)
         for one in own]
        for n in (20, 80)
    )  # fmt: skip
    assert seconds(lambda: build_board(many)) < 10 * seconds(lambda: build_board(few))


def seconds(work: Callable[[], object]) -> float:
    """Of this process, the fewest of three times."""

    def once() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return min(once() for _ in range(3))
