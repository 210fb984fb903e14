"""What a run costs on Ray beyond what it costs in this process.

Run with `pytest tests/benchmarks/test_ray_overhead.py -s`. One worker on a cluster of this machine
and this process do the same short runs; the difference of the times between the first run's start
and the last one's end, divided by the runs, is what packing, sending, fetching and noting cost. No
run is stored by either. The worker's start is shown by itself: it is paid once.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import pytest
import torch

from harness.data.loading import load_dataset
from harness.execution.executor import Bench, Finished, Settings, Started, Work, execute_inline
from harness.execution.plan import choose_entrants, make_plan
from harness.protocol import load_protocol
from harness.registry import load_registry

RUNS = 20
ROUNDS = 3
TARGET_SECONDS = 0.150


@pytest.fixture(scope="module")
def work() -> Work:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    pytest.importorskip("bench_methods", reason="runs a method of plugins/")
    registry = load_registry()
    protocol = load_protocol("smoke")
    dataset = load_dataset(registry, protocol.dataset)
    bench = Bench(registry, protocol, dataset, torch.device("cpu"))
    entrants = choose_entrants(registry, ["untrained"])
    # More replicates than the protocol has: only how long they take is looked at.
    plan = make_plan(protocol, dataset.digest, entrants, seeds=RUNS)
    return Work(runs=plan.runs[:RUNS], bench=bench, settings=Settings(workers=1))


def seconds(execute, work: Work) -> tuple[float, float]:
    """Seconds until the first run began, and from then until the last one ended."""
    asked = time.perf_counter()
    began = ended = 0.0
    for stage in execute(work):
        if isinstance(stage, Started):
            began = began or time.perf_counter()
        else:
            assert isinstance(stage, Finished)
            assert stage.record.state == "done", stage.record.reason
            ended = time.perf_counter()
    return began - asked, ended - began


@pytest.mark.benchmark(group="ray")
def test_overhead_of_ray(benchmark, work: Work) -> None:
    import ray

    from harness.execution.ray.remote import execute_on_ray

    torch.set_num_threads(1)
    seconds(execute_inline, replace(work, runs=work.runs[:1]))
    ray.init(address="local", num_cpus=1, include_dashboard=False, logging_level="ERROR")
    here, there, starts = [], [], []

    def pair() -> None:
        here.append(seconds(execute_inline, work)[1])
        start, whole = seconds(execute_on_ray, work)
        there.append(whole)
        starts.append(start)

    try:
        benchmark.pedantic(pair, rounds=ROUNDS)
    finally:
        ray.shutdown()
    costs = [(away - home) / RUNS for away, home in zip(there, here, strict=True)]
    benchmark.extra_info["inline_ms_a_run"] = round(1e3 * statistics.median(here) / RUNS, 1)
    benchmark.extra_info["ray_ms_a_run"] = round(1e3 * statistics.median(there) / RUNS, 1)
    benchmark.extra_info["overhead_ms_a_run"] = [round(1e3 * cost, 1) for cost in costs]
    benchmark.extra_info["start_seconds"] = [round(start, 1) for start in starts]
    print(f"\nRay: {dict(benchmark.extra_info)}")  # noqa: T201
    assert statistics.median(costs) < TARGET_SECONDS
