"""The harness's loop against a bare PyTorch loop doing the same steps on the same batches.

Run with `pytest tests/benchmarks/test_loop_overhead.py -s`. It prints what a run costs over
training in one process: once a run (a process forked from a warm parent, the plugin imported, the
end), in milliseconds by the clock and of the processor; and at each step, as a ratio of processor
seconds of all processes. The two loops take turns, a few steps each, so that what else the machine
does meets both. Both make their batches by the same indexing and augmentation: what differs is the
loop, with its audit, and the loss's own process.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.apart import fork_here
from harness.apart.channel import Channel, Closed
from harness.apart.memory import Memory
from harness.apart.objective import ObjectiveApart
from harness.data.loading import load_dataset
from harness.data.parts import Vault
from harness.data.splits import make_split
from harness.execution.executor import Bench
from harness.execution.learning import Student
from harness.execution.run import open_vault, start_backbone
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.scoring import map_at_r
from harness.training import Task
from harness.training.batching import BatchSource, batch_stream, draw_batches
from harness.training.embedding import embed_part
from harness.training.loop import Loop, train

CPU = torch.device("cpu")
STEPS = 250
TURN = 5
ROUNDS = 3

PLUGIN = """
import torch
from harness import hookimpl, loss_method


def softplus_triplet(embeddings, labels):
    distances = torch.cdist(embeddings, embeddings)
    same = labels[:, None] == labels[None, :]
    return torch.nn.functional.softplus(distances[same].mean() - distances[~same].mean())


class NormalizedSoftmax(torch.nn.Module):
    def __init__(self, classes, embedding_size):
        super().__init__()
        self.proxies = torch.nn.Parameter(torch.randn(classes, embedding_size))

    def forward(self, embeddings, labels):
        normalize = torch.nn.functional.normalize
        cosines = normalize(embeddings) @ normalize(self.proxies).T
        return torch.nn.functional.cross_entropy(cosines / 0.05, labels)


class MultiSimilarity(torch.nn.Module):
    def __init__(self):
        from pytorch_metric_learning.losses import MultiSimilarityLoss
        from pytorch_metric_learning.miners import MultiSimilarityMiner

        super().__init__()
        self.loss, self.miner = MultiSimilarityLoss(), MultiSimilarityMiner()

    def forward(self, embeddings, labels):
        return self.loss(embeddings, labels, self.miner(embeddings, labels))


def of_context(context):
    return NormalizedSoftmax(context.classes, context.embedding_size)


@hookimpl
def bench_methods():
    return [
        loss_method("cheap", lambda: softplus_triplet, summary="s", reference="none"),
        loss_method("proxies", of_context, summary="s", reference="none"),
        loss_method("library", MultiSimilarity, summary="s", reference="none"),
    ]
"""
"""A loss as cheap as there is, so that the loop's own cost is as large a share as it gets; one with
weights of its own; and one of a library, which mines pairs."""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As runs have it by default: two that wait for each other would be timed instead."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(
    scope="module",
    params=["reality-check-small", "reality-check-small-2", "reality-check-small-4"],
)
def setting(request, tmp_path_factory):
    """A protocol; two later ones, whose network takes half as long: so does less hide."""
    file = tmp_path_factory.mktemp("plugin") / "cheap.py"
    file.write_text(PLUGIN)
    losses = {}
    exec(PLUGIN, losses)
    protocol = load_protocol(
        request.param,
        overrides=[f"training.steps={STEPS}", f"selection.every={STEPS}"],
    )
    registry = load_registry([file])
    bench = Bench(registry, protocol, load_dataset(registry, protocol.dataset), CPU)
    vault = open_vault(bench, make_split(bench.dataset, protocol.split, fold=0, seed=0))

    def fresh():
        return start_backbone(bench, fold=0, seed=0)

    return Setting(protocol, registry, vault, vault.train(only_known=True), fresh, losses)


@dataclass(frozen=True)
class Setting:
    protocol: Any
    registry: Any
    vault: Vault
    part: Any
    fresh: Any
    losses: dict[str, Any]

    def task(self, name):
        return Task(self.protocol, self.registry.method(name).method, {}, 0, 0)

    def batches(self):
        return draw_batches(
            self.part.labels.numpy(),
            self.part.known.numpy(),
            "balanced",
            self.protocol.training,
            draw=batch_stream(0, "balanced", 0),
        )

    def loss(self, name):
        if name == "cheap":
            return self.losses["softplus_triplet"]
        if name == "library":
            return self.losses["MultiSimilarity"]()
        size = self.protocol.backbone.embedding_size
        return self.losses["NormalizedSoftmax"](self.part.classes, size)


class Bare:
    """The loop that everyone writes: one process, one optimizer."""

    def __init__(self, setting, name):
        self.backbone = setting.fresh()
        self._loss = setting.loss(name)
        own = list(self._loss.parameters()) if isinstance(self._loss, torch.nn.Module) else []
        weights = [*self.backbone.parameters(), *own]
        self._optimizer = torch.optim.Adam(weights, lr=1e-3, fused=True)
        task, vault = setting.task(name), setting.vault
        self._source = BatchSource(task, setting.part, setting.batches(), vault.standardise)
        self._next = 0
        self.backbone.train()

    def steps(self, count):
        for step in range(self._next, self._next + count):
            batch = self._source(step)
            self._optimizer.zero_grad()
            loss = self._loss(self.backbone(batch.inputs), batch.labels)
            loss.backward()
            self._optimizer.step()
        self._next += count


class InTurn:
    """An Objective as the loop asks it, which has the bare loop take its turn now and then."""

    def __init__(self, objective, bare):
        self._objective = objective
        self._bare = bare
        self._began = None
        self.ours, self.theirs = [], []

    def __getattr__(self, name):
        return getattr(self._objective, name)

    def step(self, batch):
        if batch.step % TURN == 0:
            if self._began is not None:
                self.ours.append(spent(self._objective) - self._began)
            began = time.process_time()
            self._bare.steps(TURN)
            self.theirs.append(time.process_time() - began)
            self._began = spent(self._objective)
        return self._objective.step(batch)


def spent(objective):
    """Processor seconds of this process and of an Objective's until now."""
    child = Path(f"/proc/{objective._child.pid}/schedstat").read_text().split()[0]
    return time.process_time() + int(child) / 1e9


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of the processor in all processes but the warm parent."""

    clock: float
    processor: float


def apart(setting, name, work):
    """What it costs to begin the process of the loss, do some work with it, and end it."""
    backbone = setting.fresh()
    began, began_on_clock = time.process_time(), time.perf_counter()
    student = Student(setting.task(name), backbone, setting.vault, setting.part, 1, "")
    objective = ObjectiveApart(student.lesson, backbone)
    work(backbone, objective)
    objective.end()
    spent = time.process_time() - began + objective.spent.processor_seconds
    return Cost(time.perf_counter() - began_on_clock, spent)


def nothing(_backbone, objective):
    objective.prepare()
    objective.count_parameters()


@pytest.mark.benchmark(group="loop")
def test_what_a_run_costs_once(benchmark, setting):
    found = []
    benchmark.pedantic(
        lambda: found.append(apart(setting, "cheap", nothing)), rounds=9, warmup_rounds=1
    )
    found = found[1:]
    benchmark.extra_info.update(
        clock_ms=round(1e3 * statistics.median(once.clock for once in found), 1),
        clock_ms_least=round(1e3 * min(once.clock for once in found), 1),
        processor_ms=round(1e3 * statistics.median(once.processor for once in found), 1),
    )
    print(f"\nonce a run: {dict(benchmark.extra_info)}")  # noqa: T201


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs the system's times")
@pytest.mark.benchmark(group="loop")
@pytest.mark.parametrize("name", ["cheap", "proxies", "library"])
def test_overhead_of_the_harness_loop(benchmark, setting, name):
    """In processor seconds: on a shared machine steadier than the clock on the wall."""
    if name == "library":
        pytest.importorskip("pytorch_metric_learning")
    ours, theirs = [], []

    def whole(backbone, objective):
        turns = InTurn(objective, Bare(setting, name))
        train(setting.task(name), backbone, setting.vault, setting.part, setting.batches(), turns)
        ours.extend(turns.ours)
        theirs.extend(turns.theirs)

    benchmark.pedantic(lambda: apart(setting, name, whole), rounds=ROUNDS)
    ratios = [mine / bare for mine, bare in zip(ours, theirs, strict=False)]
    tenths = statistics.quantiles(ratios, n=10)
    benchmark.extra_info.update(
        bare_step_ms=round(1e3 * statistics.median(theirs) / TURN, 2),
        ratio=round(statistics.median(ratios), 3),
        ratio_of_sums=round(sum(ours) / sum(theirs[: len(ours)]), 3),
        ratio_most_lie_within=[round(tenths[0], 3), round(tenths[-1], 3)],
    )
    print(f"\n{setting.protocol.name}, {name}: {dict(benchmark.extra_info)}")  # noqa: T201


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs the system's times")
@pytest.mark.benchmark(group="loop")
def test_judging_where_no_method_is(benchmark, setting):
    """A validation of a run, against one of the bare loop in a process that has its loss too.

    And what all of a run's take more, as a share of a bare run: steps and validations.
    """
    bare, pairs, more = Bare(setting, "cheap"), [], []
    validation, labels = setting.vault.validation(), setting.vault.validation().labels.numpy()

    def judged_by_itself():
        embeddings = embed_part(bare.backbone, validation, setting.vault.standardise)
        map_at_r(embeddings, labels)
        return {name: value.clone() for name, value in bare.backbone.state_dict().items()}

    def whole(backbone, objective):
        batches = setting.batches()
        loop = Loop(
            setting.task("cheap"), backbone, setting.vault, setting.part, batches, objective
        )
        loop.begin()

        def took(judge):
            began = spent(objective)
            judge()
            return spent(objective) - began

        for turn in range(16):
            # In the same order each time, whoever is second would find warmer caches.
            if turn % 2:
                theirs, ours = took(judged_by_itself), took(loop.validate)
            else:
                ours, theirs = took(loop.validate), took(judged_by_itself)
            began = spent(objective)
            bare.steps(TURN)
            step = (spent(objective) - began) / TURN
            pairs.append(ours / theirs)
            more.append(validations * (ours - theirs) / (steps * step + validations * theirs))

    rules = load_protocol(setting.protocol.name)
    steps, validations = rules.training.steps, rules.training.steps // rules.selection.every
    benchmark.pedantic(lambda: apart(setting, "cheap", whole), rounds=1)
    quarters = [round(quarter, 3) for quarter in statistics.quantiles(pairs, n=4)]
    shares = [round(quarter, 4) for quarter in statistics.quantiles(more, n=4)]
    benchmark.extra_info.update(
        ratio=quarters[1],
        half_lie_within=[quarters[0], quarters[2]],
        share_of_a_run=shares[1],
        half_of_shares_lie_within=[shares[0], shares[2]],
    )
    print(f"\n{setting.protocol.name}, judging: {dict(benchmark.extra_info)}")  # noqa: T201


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
                inputs, _ = pupil.receive().arrays
                pupil.send("embed", {"wanted": ("embeddings",)}, [inputs], number=1)
                pupil.receive()
                pupil.send("gradient", {"which": (0,)}, [embeddings], number=1, later=True)
                pupil.send("done", value=0.5)

    child = fork_here("messages", answer, keep=(there.fileno(),))
    there.close()

    def step():
        core.send("step", {"names": ("inputs", "indices")}, [images, indices])
        core.receive()
        core.send("embedded", {"differentiable": (True,)}, [embeddings])
        core.receive()
        core.receive()

    began = time.process_time()
    benchmark.pedantic(step, rounds=1, iterations=500)
    spent = time.process_time() - began
    here.close()
    spent += child.end(kill=False).processor_seconds
    print(f"\nmessages of a step: {1e3 * spent / 500:.2f} ms")  # noqa: T201
