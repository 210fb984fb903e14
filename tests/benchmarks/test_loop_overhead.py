"""The harness's loop against a bare PyTorch loop doing the same steps on the same batches.

Run with `pytest tests/benchmarks/test_loop_overhead.py -s`; the ratio it prints is the cost of the
audit, and of having the loss in a process of its own. Both embed and score the validation part as
often, and both make their batches by the same indexing and augmentation: what differs is the loop.
"""

from __future__ import annotations

import copy
import statistics
import time

import pytest
import torch

from harness import Objective
from harness.apart.objective import ObjectiveApart
from harness.data.loading import load_dataset
from harness.data.parts import Vault
from harness.data.samplers import batch_stream, draw_batches
from harness.data.splits import class_disjoint_split
from harness.execution.learning import Student
from harness.method import Method
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


def softplus_triplet(embeddings, labels):
    """A cheap loss, so that the loop's own cost is as large a share as it gets."""
    distances = torch.cdist(embeddings, embeddings)
    same = labels[:, None] == labels[None, :]
    return torch.nn.functional.softplus(distances[same].mean() - distances[~same].mean())


class CheapObjective(Objective):
    def forward(self, batch, embed):
        return softplus_triplet(embed(batch.inputs), batch.labels)


@pytest.fixture(scope="module")
def setting():
    protocol = load_protocol(
        "reality-check-small",
        overrides=[f"training.steps={STEPS}", f"selection.every={STEPS}"],
    )
    registry = load_registry()
    dataset = load_dataset(registry, "glyphs")
    split = class_disjoint_split(dataset.labels, protocol.split, fold=0, seed=0)
    vault = Vault(dataset, split, CPU)
    method = Method(
        name="cheap", build=lambda _point, _context: CheapObjective(), summary="", reference=""
    )
    task = Task(protocol, method, {}, 0, 0)
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

    return task, vault, part, batches, fresh


def bare_loop(setting):
    task, vault, part, batches, fresh = setting
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


def harness_loop(setting):
    """Processor seconds of the loop, here and in the process of the loss."""
    task, vault, part, batches, fresh = setting
    backbone = fresh()
    student = Student(task, backbone, vault, part, 1, "")
    objective = ObjectiveApart(student.lesson, backbone)
    began = time.process_time()
    train(task, backbone, vault, part, batches, objective)
    spent = time.process_time() - began
    objective.end()
    return spent + objective.spent.processor_seconds


@pytest.mark.benchmark(group="loop")
def test_overhead_of_the_harness_loop(benchmark, setting):
    """Times both in turn, pair by pair; the benchmark's own figure is that of a whole pair.

    In processor seconds, of all processes: on a shared machine steadier than the clock on the wall.
    """
    bare, ours = [], []

    def pair():
        began = time.process_time()
        bare_loop(setting)
        bare.append(time.process_time() - began)
        ours.append(harness_loop(setting))

    benchmark.pedantic(pair, rounds=ROUNDS, warmup_rounds=1)
    ratios = [mine / theirs for mine, theirs in zip(ours[1:], bare[1:], strict=True)]
    benchmark.extra_info["bare_seconds_median"] = round(statistics.median(bare[1:]), 4)
    benchmark.extra_info["harness_seconds_median"] = round(statistics.median(ours[1:]), 4)
    benchmark.extra_info["ratio_median"] = round(statistics.median(ratios), 4)
    benchmark.extra_info["ratio_min_max"] = [round(min(ratios), 4), round(max(ratios), 4)]
    print(f"\nharness loop / bare loop: {dict(benchmark.extra_info)}")  # noqa: T201
