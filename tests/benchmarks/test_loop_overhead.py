"""The harness's loop against a bare PyTorch loop doing the same steps on the same batches.

Run with `pytest tests/benchmarks/test_loop_overhead.py -s`. It prints what a run costs over
training in one process, in two parts: once a run (a process forked from a warm parent, the plugin
imported, the end), in milliseconds by the clock and of the processor; and at each step, as a ratio.
Both loops embed and score the validation part as often, and both make their batches by the same
indexing and augmentation: what differs is the loop, with its audit, and the loss's own process.
"""

from __future__ import annotations

import contextlib
import copy
import socket
import statistics
import time
from dataclasses import dataclass

import pytest
import torch

from harness.apart.channel import Channel, Closed, Memory
from harness.apart.child import fork_here
from harness.apart.objective import ObjectiveApart
from harness.data.loading import load_dataset
from harness.data.parts import Vault
from harness.data.samplers import batch_stream, draw_batches
from harness.data.splits import class_disjoint_split
from harness.execution.learning import Student
from harness.models.backbone import build_backbone
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.scoring import map_at_r
from harness.training.batching import BatchSource
from harness.training.embedding import embed_part
from harness.training.loop import train
from harness.training.task import Task

CPU = torch.device("cpu")
STEPS = 100
ROUNDS = 9

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
"""A cheap loss, so that the loop's own cost is as large a share as it gets."""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As runs have it by default: two that wait for each other would be timed instead."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    file = tmp_path_factory.mktemp("plugin") / "cheap.py"
    file.write_text(PLUGIN)
    loss = {}
    exec(PLUGIN, loss)
    protocol = load_protocol(
        "reality-check-small",
        overrides=[f"training.steps={STEPS}", f"selection.every={STEPS}"],
    )
    registry = load_registry([file])
    dataset = load_dataset(registry, "glyphs")
    split = class_disjoint_split(dataset.labels, protocol.split, fold=0, seed=0)
    vault = Vault(dataset, split, CPU)
    task = Task(protocol, registry.method("cheap").method, {}, 0, 0)
    part = vault.train(only_known=True)
    batches = draw_batches(
        part.labels.numpy(),
        part.known.numpy(),
        "balanced",
        protocol.training,
        draw=batch_stream(0, "balanced", 0),
    )
    build = registry.backbone(protocol.backbone.name).item.build
    shape = dataset.inputs.shape[1:]

    def fresh():
        return build_backbone(build, protocol.backbone, shape, fold=0, seed=0)

    return task, vault, part, batches, fresh, loss["softplus_triplet"]


def bare_loop(setting):
    task, vault, part, batches, fresh, softplus_triplet = setting
    backbone = fresh()
    source = BatchSource(task, part, batches, vault.standardise)
    optimizer = torch.optim.Adam(backbone.parameters(), lr=1e-3, fused=True)
    validation = vault.validation()
    labels = validation.labels.numpy()
    backbone.train()

    def validate():
        map_at_r(embed_part(backbone, validation, vault.standardise), labels)
        return copy.deepcopy(backbone.state_dict())

    validate()
    for step in range(STEPS):
        batch = source(step)
        optimizer.zero_grad()
        loss = softplus_triplet(backbone(batch.inputs), batch.labels)
        loss.backward()
        optimizer.step()
    validate()


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of the processor in all processes but the warm parent."""

    clock: float
    processor: float


def apart(setting, work):
    """What it costs to begin the process of the loss, do some work with it, and end it."""
    task, vault, part, _, fresh, _ = setting
    backbone = fresh()
    began, began_on_clock = time.process_time(), time.perf_counter()
    objective = ObjectiveApart(Student(task, backbone, vault, part, 1, "").lesson, backbone)
    work(backbone, objective)
    objective.end()
    spent = time.process_time() - began + objective.spent.processor_seconds
    return Cost(time.perf_counter() - began_on_clock, spent)


def nothing(_backbone, objective):
    objective.prepare()
    objective.count_parameters()


@pytest.mark.benchmark(group="loop")
def test_overhead_of_the_harness_loop(benchmark, setting):
    """Times all in turn, round by round; the benchmark's own figure is that of a whole round.

    Steps in processor seconds: on a shared machine steadier than the clock on the wall.
    """
    task, vault, part, batches, *_ = setting
    bare, ours, once = [], [], []

    def whole(backbone, objective):
        train(task, backbone, vault, part, batches.copy(), objective)

    def a_round():
        began = time.process_time()
        bare_loop(setting)
        bare.append(time.process_time() - began)
        once.append(apart(setting, nothing))
        ours.append(apart(setting, whole).processor)

    benchmark.pedantic(a_round, rounds=ROUNDS, warmup_rounds=1)
    rows = list(zip(bare, ours, once, strict=True))[1:]
    steps = [(mine - fixed.processor) / theirs for theirs, mine, fixed in rows]
    benchmark.extra_info.update(
        once_clock_ms=round(1e3 * statistics.median(fixed.clock for *_, fixed in rows), 1),
        once_clock_ms_least=round(1e3 * min(fixed.clock for *_, fixed in rows), 1),
        once_processor_ms=round(1e3 * statistics.median(f.processor for *_, f in rows), 1),
        bare_seconds=round(statistics.median(theirs for theirs, *_ in rows), 4),
        steps_ratio=round(statistics.median(steps), 4),
        steps_ratio_min_max=[round(min(steps), 4), round(max(steps), 4)],
    )
    print(f"\nover training in one process: {dict(benchmark.extra_info)}")  # noqa: T201


@pytest.mark.benchmark(group="loop")
def test_messages_of_a_step(benchmark):
    """What crosses in a step of 32 images, and nothing else: both ends, processor time."""
    images, embeddings, indices = torch.randn(32, 1, 32, 32), torch.randn(32, 64), torch.arange(32)
    memory, (here, there) = Memory(), socket.socketpair()
    core = Channel(here, memory, core=True, device=CPU)

    def answer():
        pupil = Channel(there, memory, core=False, device=CPU)
        with contextlib.suppress(Closed):
            while True:
                pupil.receive()
                pupil.send("embed", {"pass": 1, "wanted": ["embeddings"]}, [images])
                pupil.receive()
                pupil.send("gradient", {"pass": 1, "which": [0]}, [embeddings])
                pupil.send("done", {"images_read": 0}, [torch.zeros(())])

    child = fork_here("messages", answer, keep=(there.fileno(),))
    there.close()

    def step():
        core.send("step", {"step": 0, "names": ["inputs", "indices"]}, [images, indices])
        core.receive()
        core.send("embedded", {"differentiable": [True]}, [embeddings])
        core.receive()
        core.receive()

    began = time.process_time()
    benchmark.pedantic(step, rounds=1, iterations=500)
    spent = time.process_time() - began
    here.close()
    spent += child.end(kill=False).processor_seconds
    print(f"\nmessages of a step: {1e3 * spent / 500:.2f} ms")  # noqa: T201
