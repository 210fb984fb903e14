"""Ten replicates of the small ConvNets trained together, against the same ten one after the other.

Run with `pytest tests/benchmarks/test_together.py -s`. What is timed is the training with its
validation, by the clock and by the processor seconds of all processes: no data, and no scoring.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import pytest
import torch

from harness.data.loading import load_dataset
from harness.execution.executor import Bench
from harness.execution.learning import Classmate, learn, learn_together
from harness.execution.plan import choose_entrants, make_plan
from harness.execution.run import Attempt
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.training import Clock

RUNS, STEPS, ROUNDS = 10, 50, 1

PLUGIN = """
import torch
from harness import hookimpl, loss_method


def softplus_triplet(embeddings, labels):
    distances = torch.cdist(embeddings, embeddings)
    same = labels[:, None] == labels[None, :]
    return torch.nn.functional.softplus(distances[same].mean() - distances[~same].mean())


@hookimpl
def bench_methods():
    return [loss_method("cheap", lambda: softplus_triplet, summary="s", reference="none")]
"""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As runs have it by default."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of the processor in all processes but the warm parent."""

    clock: float
    processor: float


def timed(work, courses):
    began, on_clock = time.process_time(), time.perf_counter()
    learnt = work(courses)
    clock, here = time.perf_counter() - on_clock, time.process_time() - began
    return Cost(clock, here + sum(one.spent.processor_seconds for one in learnt))


@pytest.mark.parametrize(
    ("trunk", "dataset"), [("convnet-small", "digits"), ("convnet-strided", "glyphs")]
)
def test_ten_together_against_ten_alone(tmp_path, trunk, dataset):
    """By the clock the losses of ten runs have all cores; of the processor it is all the work."""
    (tmp_path / "cheap.py").write_text(PLUGIN)
    registry = load_registry([tmp_path / "cheap.py"])
    protocol = load_protocol(
        "reality-check-small",
        dataset=dataset,
        overrides=[
            f"training.steps={STEPS}", f"selection.every={STEPS}", f'backbone.name="{trunk}"',
            "split.folds=2", f"replicates={RUNS}",
        ],
    )  # fmt: skip
    bench = Bench(registry, protocol, load_dataset(registry, dataset), torch.device("cpu"))
    plan = make_plan(protocol, bench.dataset.digest, choose_entrants(registry, ["cheap"]), RUNS)

    def begun():
        courses = [Attempt(run, bench) for run in plan.runs[:RUNS]]
        for course in courses:
            course.begin()
        return courses

    def alone(courses):
        return [learn(course.student, course.fields) for course in courses]

    def together(courses):
        mates = [Classmate(course.student, course.fields, Clock()) for course in courses]
        learn_together(mates)
        return [mate.learnt for mate in mates]

    rows = []
    for _ in range(ROUNDS + 1):
        first = timed(alone, begun()[:1])
        rows.append((first, timed(alone, begun()), timed(together, begun())))
    clock, processor, of_one = (
        statistics.median(ratio(*row) for row in rows[1:])
        for ratio in (
            lambda _, ten, joint: joint.clock / ten.clock,
            lambda _, ten, joint: joint.processor / ten.processor,
            lambda first, _, joint: joint.clock / first.clock,
        )
    )
    print(  # noqa: T201
        f"\n{trunk}, {dataset}: {RUNS} runs together take {clock:.2f} of their time alone, "
        f"{processor:.2f} of their processor seconds, and the time of {of_one:.1f} runs"
    )
    assert processor < 1
