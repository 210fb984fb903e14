"""What runs cost beside training, what a second worker brings, and large plans and stores.

Run with `pytest tests/benchmarks/test_execution_speed.py -s` on a machine that does nothing else.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from harness import Method
from harness.execution.executor import Bench, Settings
from harness.execution.plan import Entrant, make_plan
from harness.execution.session import RunEnded, outstanding, run_plan
from harness.metrics import METRICS
from harness.protocol import load_protocol
from harness.registry import Origin, RegisteredMethod, load_registry
from harness.results import load_board
from harness.store import Store

TOY = Path(__file__).parents[1] / "faults" / "toy.py"
# BENCH_RECORDS=100000 is the size that the targets are for; it takes minutes to fill.
MANY = int(os.environ.get("BENCH_RECORDS", "10000"))
FOLDS = 4


@pytest.fixture(scope="module")
def many_runs():
    """As many runs as asked for: 25 methods, 4 folds, and the seeds that makes."""
    protocol = load_protocol("reality-check-small")
    origin = Origin("tests", "tests", "0", None)
    methods = [Method(name=f"m{n}", build=print, summary="s", reference="r") for n in range(25)]
    entrants = [Entrant(RegisteredMethod(m, origin), m.defaults(), "default") for m in methods]
    return lambda: make_plan(protocol, "d" * 64, entrants, MANY // 25 // FOLDS)


@pytest.mark.benchmark(group="store")
def test_planning_many_runs_against_an_empty_store(benchmark, many_runs, tmp_path):
    """Target for 100,000: 5 s."""
    with Store.open(tmp_path / "store", create=True) as store:
        todo = benchmark.pedantic(lambda: outstanding(many_runs(), store), rounds=3)
    assert len(todo) == MANY


@pytest.mark.benchmark(group="store")
def test_the_leaderboard_of_many_records(benchmark, many_runs, make_run, tmp_path):
    """Target for 100,000: 2 s; the Records have as many scores as real ones."""
    draw = random.Random(0)
    with Store.open(tmp_path / "store", create=True) as store:
        first, _ = make_run()
        names = [name for name, facts in METRICS.items() if facts.kind == "score"]
        with store._transaction():
            for run in many_runs().runs:
                identity = run.identity
                record = first.model_copy(
                    update={
                        "identity": identity,
                        "folds": FOLDS,
                        "replicates": MANY,
                        "init_digest": f"init-{identity.seed}-{identity.fold}",
                        "batches_digest": f"batches-{identity.seed}-{identity.fold}",
                        "scores": first.scores.model_copy(
                            update={
                                "values": {name: draw.random() for name in names},
                                "class_means": {name: draw.random() for name in names[:9]},
                            }
                        ),
                    }
                )
                store._insert(record)
        board = benchmark.pedantic(lambda: load_board(store), rounds=3, warmup_rounds=1)
    assert len(board.rows) == 25


@pytest.fixture
def toy_bench():
    """The toy plugin's own data and its method that does next to nothing."""
    registry = load_registry([TOY])
    protocol = load_protocol(
        "smoke",
        overrides=["training.steps=1", "training.batch_size=8", "training.samples_per_class=2"],
    )
    dataset = registry.datasets["toy"].item.load()
    return Bench(registry=registry, protocol=protocol, dataset=dataset, device=torch.device("cpu"))


@pytest.mark.benchmark(group="overhead")
@pytest.mark.parametrize("place", ["inline", "local"])
def test_overhead_of_a_run(benchmark, toy_bench, tmp_path, place):
    """Target: 50 ms a run for dispatching and recording it, beside what its Audit has it take.

    The times are those between results, so that starting is not measured.
    """
    torch.set_num_threads(1)  # as a worker has
    registered = toy_bench.registry.method("spread")
    entrant = Entrant(registered, registered.method.defaults(), "default")
    plan = make_plan(toy_bench.protocol, toy_bench.dataset.digest, [entrant], 20)
    executor = toy_bench.registry.executor("local").item
    # With a limit, one worker process executes what would be executed here.
    settings = Settings(workers=1, time_limit=None if place == "inline" else 600.0)

    def once():
        ended, taken = [], []
        with Store.open(tmp_path / place, create=True) as store:
            for event in run_plan(
                plan, toy_bench, store, execute=executor.execute, settings=settings
            ):
                if isinstance(event, RunEnded):
                    ended.append(time.perf_counter())
                    taken.append(event.record.audit.seconds)
        between = [after - before for before, after in pairwise(ended)]
        return statistics.median(whole - own for whole, own in zip(between, taken[1:], strict=True))

    overhead = benchmark.pedantic(once, rounds=1)
    benchmark.extra_info["milliseconds a run"] = round(1000 * overhead, 1)
    print(f"\n{place}: {benchmark.extra_info}")  # noqa: T201


@pytest.mark.benchmark(group="workers")
def test_two_workers_against_the_best_of_one(benchmark, tmp_path):
    """Target: 1.7 times the runs per hour, on two cores, on the default protocol.

    The time counts from the first result to the last, so that starting is not measured.
    """
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")

    def rate(name, *options):
        command = [sys.executable, "-m", "harness.cli", "run", "--plugin", str(TOY)]
        what = ["--methods", "spread", "--seeds", "3", "--store", str(tmp_path / name)]
        ended = []
        with subprocess.Popen(
            [*command, *what, *options],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if re.match(r"\[\d+/12\]", line):
                    ended.append(time.perf_counter())
        assert process.returncode == 0
        first = 2  # of two workers, each has had a run by then
        return (len(ended) - first) / (ended[-1] - ended[first - 1])

    def once():
        return {
            "two workers": rate("two", "--workers", "2"),
            "one, 1 thread": rate("one", "--workers", "1"),
            "one, 2 threads": rate("threads", "--workers", "1", "--threads", "2"),
        }

    rates = benchmark.pedantic(once, rounds=1)
    best = max(rates["one, 1 thread"], rates["one, 2 threads"])
    hourly = {name: round(3600 * value) for name, value in rates.items()}
    benchmark.extra_info["runs an hour"] = hourly
    benchmark.extra_info["ratio"] = round(rates["two workers"] / best, 2)
    print(f"\n{benchmark.extra_info}")  # noqa: T201
